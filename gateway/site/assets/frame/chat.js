// The chat: nobody is waiting at the other end, so it takes a message that the shop answers by mail.

import { post } from '../api.js';
import { ajaxError, buttonClick } from '../event.js';
import { controlForm } from '../form.js';
import { fill, focusOn, h } from '../element.js';
import * as rule from '../rule.js';

const dialog = document.querySelector('#chat-dialogue');
const opener = document.querySelector('#chat-icon');
const form = document.querySelector('#chat-form');

let known = null;

/** Has a member's name and address stand in the chat the next time it opens. */
export function introduce(found) {
  known = found;
}

/** Makes the chat open. */
export function startChat() {
  opener.disabled = false;
  opener.addEventListener('click', open);
  for (const other of document.querySelectorAll('[data-opens="chat"]')) {
    other.disabled = false;
    other.addEventListener('click', open);
  }
  document.querySelector('#chat-icon-close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => buttonClick('chat-icon-close'));
  controlForm(form, { check, send: (values) => post('/user/put-chat-message', values), done: sent, failed: () => ajaxError('submit-chat-message') });
}

function open() {
  buttonClick('chat-icon');
  if (known?.loggedIn) {
    form.elements.name.value ||= `${known.firstName} ${known.lastName}`.trim().slice(0, 30);
    form.elements.email_address.value ||= known.email;
  }
  dialog.showModal();
}

function check({ name, email_address: email, message }) {
  return {
    name: rule.name(name, 'Your name', 30),
    email_address: rule.email(email, 'Your e-mail address'),
    message: rule.message(message, 'Your message', 5000),
  };
}

function sent(answer, { problems }) {
  const { put_chat_message: outcome, errors = {} } = answer;
  if (outcome === 'true' || outcome === 'email_failed') {
    if (outcome === 'email_failed') ajaxError('put-chat-message-email-failed');
    thank(form.elements);
    return;
  }
  problems({
    name: rule.refusalsInWords(errors.name, 'Your name'),
    email_address: rule.refusalsInWords(errors.email_address ?? errors['email-address'], 'Your e-mail address'),
    message: rule.refusalsInWords(errors.message, 'Your message'),
  }, 'The message was not sent.');
}

function thank({ name, email_address: email, message }) {
  const thanks = document.querySelector('#chat-thanks');
  fill(thanks, h('p', {}, h('strong', {}, 'Thank you. We have your message and answer by mail.')),
    h('dl', { className: 'facts' },
      h('dt', {}, 'Name'), h('dd', { id: 'chat-sent-name' }, name.value),
      h('dt', {}, 'E-mail'), h('dd', { id: 'chat-sent-email-address' }, email.value),
      h('dt', {}, 'Message'), h('dd', { id: 'chat-sent-message', className: 'as-written' }, message.value)),
    h('p', {}, h('button', { className: 'button button--quiet', type: 'button', on: { click: again } }, 'Write another message')));
  thanks.hidden = false;
  form.hidden = true;
  focusOn(thanks);
}

function again() {
  form.elements.message.value = '';
  form.hidden = false;
  document.querySelector('#chat-thanks').hidden = true;
  form.elements.message.focus();
}
