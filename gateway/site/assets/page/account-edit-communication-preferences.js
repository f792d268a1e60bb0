// Which mails a member gets. No mails at all excludes the newsletter; why is asked and need not be answered.

import { post } from '../api.js';
import { go } from '../address.js';
import { editAsMember } from '../account/edit.js';
import { clearReasons, reasonFields, reasonProblems, reasonsToSend, showText } from '../account/reasons.js';
import { drawing } from '../ready.js';

const done = drawing('edit-communication-preferences');
const form = document.querySelector('#edit-communication-preferences-form');
const { newsletter, email_unsubscribe: unsubscribe } = form.elements;
const reasons = reasonFields('edit-communication-preferences', 'Would you tell us why? You need not.');

/** Whether the newsletter was wanted before "no mails" was ticked. */
let wanted = false;

/** Whether no mails was chosen long ago: then nobody asks why. */
let isOld = false;

function follow() {
  newsletter.disabled = unsubscribe.checked;
  document.querySelector('#edit-communication-preferences-either').hidden = !unsubscribe.checked;
  reasons.hidden = !unsubscribe.checked || isOld;
  showText(reasons);
}

function changed() {
  if (unsubscribe.checked) {
    wanted = newsletter.checked;
    newsletter.checked = false;
  } else {
    newsletter.checked = wanted;
    clearReasons(reasons);
  }
  follow();
}

function fillIn({ personal_data: { newsletter_subscriber: subscriber, email_unsubscribed: unsubscribed } }) {
  isOld = unsubscribed;
  wanted = subscriber;
  newsletter.checked = subscriber && !unsubscribed;
  unsubscribe.checked = unsubscribed;
  follow();
}

function send({ newsletter: isNewsletter, email_unsubscribe: isUnsubscribed, ...why }) {
  return post('/user/update-communication-preferences', { newsletter: isNewsletter, email_unsubscribe: isUnsubscribed, ...reasonsToSend(why) });
}

function answered({ update_communication_preferences: outcome, errors = {} }, { say }) {
  if (outcome === 'success') return go('/account?message=preferences-updated');
  if (errors.invalid_data) return say('Please choose either the newsletter or no mails, not both.');
  return say('Your choice could not be saved. Please load the page again and try once more.');
}

async function start() {
  reasons.hidden = true;
  form.querySelector('.actions').before(reasons);
  unsubscribe.addEventListener('change', changed);
  await editAsMember({
    next: 'account/edit-communication-preferences', form, fillIn, outcome: 'update_communication_preferences',
    events: {
      content: 'edit-communication-preferences-account-content',
      send: 'edit-communication-preferences-update-communication-preferences',
    },
    kept: 'You had to log in again. Your choice was kept, but is not saved yet: look it over, then save it.',
    restored: follow, check: reasonProblems, send, done: answered,
  });
  done();
}

start();
