// Has a link mailed with which a new password can be set. The answer is the same whether there is such an account or not.

import { post } from '../api.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { drawing } from '../ready.js';
import { tellSent } from '../sent.js';
import { passMembersOn } from '../signing-in.js';
import * as rule from '../rule.js';

const done = drawing('reset-password');
const form = document.querySelector('#reset-password-form');
const address = () => form.elements.email_address.value.trim();

// User names of before the rule can be shorter, so only what is missing is told.
function check({ username, email_address: email }) {
  return { username: rule.required(username, 'The user name'), email_address: rule.email(email) };
}

function send({ username }) {
  return post('/user/reset-password', { username: username.trim(), email_address: address() }, { byAnyone: true });
}

function answered({ reset_password: outcome }, { say }) {
  if (outcome === 'success') tellSent(form, document.querySelector('#reset-password-sent'), address());
  else say('That could not be sent. Please try again in a moment.');
}

async function start() {
  controlForm(form, { check, send, done: answered, failed: () => ajaxError('reset-password-reset-password') });
  await passMembersOn(form, '/account/'); // they change their password there
  done();
}

start();
