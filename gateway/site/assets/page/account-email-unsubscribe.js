// The unsubscribe link of a mail: it asks first, so that a program that follows links changes nothing (contract journeys D1).

import { explain, isMembers, lookUp, tokenInAddress, unsubscribe } from '../account/subscription.js';
import { isReasonGiven, reasonFields, reasonProblems, reasonsToSend } from '../account/reasons.js';
import { fill, focusOn, h } from '../element.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { plain } from '../prose.js';
import { drawing } from '../ready.js';
import { failure, notice } from '../state.js';

const done = drawing('email-unsubscribe');
const place = document.querySelector('#unsubscribe-place');
const given = tokenInAddress();

const summary = () => h('div', { className: 'form__summary', hidden: true });
const preferences = (text) => h('a', { href: '/account/edit-communication-preferences' }, text);

async function ask() {
  let found;
  try {
    found = await lookUp(given);
  } catch (error) {
    ajaxError('email-unsubscribe-token-lookup');
    failure(place, error, ask);
    done();
    return;
  }
  if (found.refused) tellUnknown(found.refused);
  else drawQuestion(plain(found.email)); // the API writes it for HTML
  done();
}

function tellUnknown({ cause, number }) {
  ajaxError(`email-unsubscribe-lookup-${cause}`, { forced: true });
  fill(place,
    notice('warning', h('p', {}, `This link names no address that gets mails from us: it is not known, or was used before and you are unsubscribed already. (${number})`)),
    h('p', {}, 'Still getting mails? ', preferences('Log in and choose which ones you get'), ', or ', h('a', { href: '/contact' }, 'write to us'), '.'));
}

function drawQuestion(email) {
  const form = h('form', { className: 'form', id: 'unsubscribe-form', method: 'post' },
    h('p', { className: 'lead' }, 'Shall we send no more news to ', h('strong', {}, email), '?'),
    summary(),
    h('div', { className: 'actions' },
      h('button', { className: 'button' }, 'Yes, unsubscribe me'),
      h('a', { className: 'button button--quiet', href: isMembers(given) ? '/account/' : '/' }, 'No, keep the mails')));
  fill(place, form, isMembers(given) && aboutMembers());
  let isUncertain = false; // an earlier try got no answer and may have used up the link
  controlForm(form, {
    send: () => unsubscribe(given),
    done: ({ refused, email: ended, token }, { say }) => {
      if (!refused) return drawDone(plain(ended), token);
      ajaxError(`email-unsubscribe-confirm-${refused.cause}`);
      return say(`${isUncertain ? usedUp : unable} (${refused.number})`);
    },
    failed: (failure) => { isUncertain ||= failure.mayHaveHappened; ajaxError('email-unsubscribe-confirm'); },
  });
}

const unable = 'That did not work: the link is not known any more, or you are unsubscribed already.';
const usedUp = 'The link is used up now: most likely your first try has unsubscribed you, although no answer came.';

function aboutMembers() {
  return h('p', { className: 'muted' }, 'You have an account with us. Mails about your orders and your account still come. ', preferences('Choose which mails you get'), ' instead.');
}

function drawDone(email, token) {
  const title = h('h2', { id: 'unsubscribe-done' }, 'You are unsubscribed');
  fill(place,
    h('div', { className: 'notice notice--success' }, title,
      h('p', {}, 'We send no more news to ', h('strong', {}, email), isMembers(given) ? '. Mails about your orders and your account still come.' : '.')),
    why(token));
  focusOn(title);
}

function why(token) {
  const reasons = reasonFields('unsubscribe', 'Would you tell us why? You need not.');
  const button = h('button', { className: 'button button--quiet' }, 'Send the reason');
  const form = h('form', { className: 'form', id: 'unsubscribe-why-form', method: 'post' }, summary(), reasons, h('div', { className: 'actions' }, button));
  const control = controlForm(form, {
    check: reasonProblems,
    send: (values) => explain(token, reasonsToSend(values)),
    done: ({ refused }, { say }) => {
      if (!refused) return thank(form);
      ajaxError(`email-unsubscribe-why-${refused.cause}`);
      return say(`Your reason could not be kept. You are unsubscribed all the same. (${refused.number})`);
    },
    failed: () => ajaxError('email-unsubscribe-why'),
  });
  const follow = () => { button.disabled = !isReasonGiven(control.values()); };
  form.addEventListener('change', follow);
  follow();
  return form;
}

function thank(form) {
  const said = notice('success', h('p', {}, 'Thank you for telling us. That is all.'), h('p', {}, h('a', { href: '/' }, 'To the shop')));
  form.replaceWith(said);
  focusOn(said);
}

ask();
