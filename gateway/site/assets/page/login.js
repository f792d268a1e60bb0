// Logging in, and on to where the visitor wanted to go.

import { post } from '../api.js';
import { keepNext, nextAddress, parameter } from '../address.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { controlPasswords } from '../password-field.js';
import { drawing } from '../ready.js';
import { goOnAsMember, passMembersOn } from '../signing-in.js';
import * as rule from '../rule.js';

const done = drawing('login');
const form = document.querySelector('#login-form');

const errands = [
  [/^\/checkout\/confirm/, 'Log in to go on with your order. What is in your cart comes along.'],
  [/^\/account\/order\?/, 'Log in to see this order.'],
  [/^\/account\/\?email_verification_code=/, 'Log in to confirm your e-mail address. That is the last step.'],
];

function explain() {
  const [, errand] = errands.find(([where]) => where.test(nextAddress())) ?? [];
  const said = parameter('message') === 'not-authenticated' ? 'You are not logged in any more. Log in to go on where you were.' : errand;
  if (said) document.querySelector('#login-notice').textContent = said;
}

function check({ username, password }) {
  return { username: rule.required(username, 'The user name'), password: rule.required(password, 'The password') };
}

function send({ username, ...others }) {
  return post('/user/login', { ...others, username: username.trim() }, { byAnyone: true });
}

async function answered({ login }, { say }) {
  if (login === 'true') {
    await goOnAsMember(nextAddress());
    return;
  }
  form.elements.password.value = '';
  say('The user name or the password is not right. Both distinguish capital and small letters.');
}

async function start() {
  document.querySelector('#login-create-account').href = keepNext('/create-account');
  explain();
  controlPasswords(form);
  controlForm(form, { check, send, done: answered, failed: () => ajaxError('login-login') });
  await passMembersOn(form, nextAddress());
  done();
}

start();
