// Members who have not agreed to the newest terms are asked before anything else, but may read the terms first.

import { get, post } from '../api.js';
import { rememberAgreement } from '../cookie.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { fill } from '../element.js';
import { logOut } from './header.js';
import { prose } from '../prose.js';

const readable = ['/terms-of-use', '/privacy-policy', '/terms-of-sale'];
const dialog = document.querySelector('#terms-dialogue');
const form = document.querySelector('#terms-form');

let isAgreed = false;

/** Asks whether the member has agreed, and shows the dialog when not (contract storefront.md 3.4). */
export async function startTermsCheck() {
  let answer;
  try {
    answer = await get('/user/terms-of-use-agree-check');
  } catch {
    ajaxError('terms-of-use-agree-check');
    return;
  }
  if (answer.terms_of_use_agree_check === true) rememberAgreement();
  else if (!readable.includes(location.pathname)) ask(answer);
}

function ask({ version, version_note: note }) {
  fill(document.querySelector('#terms-note'), prose(note));
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.addEventListener('keydown', (event) => { if (event.key === 'Escape') event.preventDefault(); });
  dialog.addEventListener('close', () => { if (!isAgreed) dialog.showModal(); }); // the way back of phones asks nobody
  const control = controlForm(form, {
    check: ({ agree }) => ({ agree: agree ? [] : ['Please read the terms, then tick the box to agree.'] }),
    send: () => post('/user/terms-of-use-agree', { version }),
    done: agreed,
    failed: () => ajaxError('terms-of-use-agree'),
  });
  const out = document.querySelector('#terms-log-out');
  out.addEventListener('click', () => logOut(out, control.say));
  dialog.showModal();
}

function agreed({ terms_of_use_agree: outcome, errors }, { say }) {
  if (outcome !== 'success') ajaxError(`terms-of-use-agree-${errors?.error ?? 'undefined'}`);
  if (outcome === 'success' || errors?.error === 'version-already-agreed') { // in another tab, perhaps
    isAgreed = true;
    rememberAgreement();
    dialog.close();
    return;
  }
  say('That could not be saved. Please load the page again.');
}
