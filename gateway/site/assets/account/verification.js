// Confirming the e-mail address: by the code of a mailed link, and having such a mail sent.

import { get, post } from '../api.js';
import { announce, h } from '../element.js';
import { ajaxError } from '../event.js';
import { failure, inWords, notice, sayFirst } from '../state.js';
import { isLoggedOut, logInAgain } from './login.js';

const place = document.querySelector('#account-said');

/** The button that has a link mailed to email, and its answers. */
export function sendLink(email, label) {
  const said = h('div');
  const button = h('button', { className: 'button button--quiet', type: 'button', on: { click: () => send(email, button, said) } }, label);
  return h('div', { className: 'stack' }, h('p', {}, button), said);
}

async function send(email, button, said) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  setWaiting(button, true);
  try {
    const { verify_email_address: outcome } = await get('/user/verify-email-address');
    if (isLoggedOut(outcome)) return logInAgain('account');
    tell(said, outcome === 'verification_email_sent' ? sent(email) : notSent('The mail could not be sent. Please check the address, then try again.'));
  } catch (error) {
    ajaxError('account-verify-email-address');
    tell(said, notSent(inWords(error)));
  }
  setWaiting(button, false);
}

function tell(said, message) {
  said.replaceChildren(message);
  announce(message.textContent);
}

function setWaiting(button, on) {
  button.setAttribute('aria-disabled', String(on));
  button.setAttribute('aria-busy', String(on));
}

const sent = (email) => h('div', { className: 'notice notice--success' },
  h('p', {}, 'A link is on its way to ', h('strong', {}, email), '. It works for 24 hours, and only the newest one does. Look into the folder for unwanted mail (spam), too.'));

const notSent = (text) => h('div', { className: 'notice notice--problem' }, h('p', {}, text));

/**
 * Sends the code of a mailed link. True when the address is confirmed now, so that what is shown has changed. What came of it
 * is told at the top of the page; settled() says that the code is used up, whatever came of it.
 */
export async function confirmAddress(code, email, settled) {
  let outcome;
  try {
    ({ verify_email_address_response: outcome } = await post('/user/verify-email-address-response', { email_verification_code: code }));
  } catch (error) {
    ajaxError('account-verify-email-address-response');
    failure(place, error, () => location.reload());
    return false;
  }
  if (isLoggedOut(outcome)) return logInAgain('account', { email_verification_code: code });
  settled();
  if (outcome === 'success') say('success', h('p', {}, h('strong', {}, 'Thank you.'), ` Your e-mail address ${email} is confirmed.`));
  else say('problem', h('p', {}, 'This link does not confirm your address. It may be too old, have been replaced by a newer one, or belong to another account.'), sendLink(email, 'Send me a new link'));
  return outcome === 'success';
}

/** Says kindly that nothing was left to confirm. */
export function sayConfirmedBefore(email) {
  say('info', h('p', {}, `Your e-mail address ${email} is confirmed already. There is nothing more to do.`));
}

/** Shows a message at the top of the page. */
export function say(kind, ...children) {
  sayFirst(place, notice(kind, children));
}
