// The cards of the account page: who the member is, how to reach them, what they are sent.

import { day } from '../date.js';
import { fill, h } from '../element.js';
import { sendLink } from './verification.js';

/** Fills the card about the member. */
export function showInformation(place, { personal_data: person, email_data: mail }) {
  fill(place,
    h('dl', { className: 'facts' },
      fact('User name', person.username),
      fact('Name', `${person.first_name} ${person.last_name}`.trim()),
      fact('E-mail', mail.email_address, ' ', h('span', { className: `tag ${mail.email_verified ? 'tag--ok' : 'tag--wait'}`, id: 'account-verified' }, mail.email_verified ? 'Confirmed' : 'Not confirmed')),
      fact('Member since', day(person.joined_date_time)),
      person.terms_of_use_agreed_date_time && fact('Terms agreed', day(person.terms_of_use_agreed_date_time))),
    !mail.email_verified && unverified(mail));
}

const fact = (name, ...value) => [h('dt', {}, name), h('dd', {}, value)];

function unverified({ email_address: email, verification_request_sent_within_24_hours: isSent }) {
  const text = isSent
    ? 'We mailed you a link to confirm this address. Nothing came? We send it again.'
    : 'Confirm this address, so that orders you made with it as a guest appear here.';
  return h('div', { className: 'stack', id: 'account-unverified' }, h('p', {}, text), sendLink(email, isSent ? 'Send the link again' : 'Send me a link'));
}

/** Fills the card about mails. */
export function showPreferences(place, { newsletter_subscriber: isSubscriber, email_unsubscribed: isUnsubscribed }) {
  fill(place, h('p', {}, mails(isSubscriber, isUnsubscribed)));
}

function mails(isSubscriber, isUnsubscribed) {
  if (isUnsubscribed) return 'You get no news from us, only mails about your orders and your account.';
  return isSubscriber ? 'You get the newsletter.' : 'You do not get the newsletter.';
}
