// Logging in, and on to where the visitor wanted to go.

import { post } from '../api.js';
import { go, keepNext, nextAddress, parameter } from '../address.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { fill } from '../element.js';
import { drawing } from '../ready.js';
import { notice } from '../state.js';
import { tellTabs, visitor } from '../visitor.js';
import * as rule from '../rule.js';

const done = drawing('login');
const form = document.querySelector('#login-form');

function check({ username, password }) {
  return { username: rule.required(username, 'The user name'), password: rule.required(password, 'The password') };
}

async function loggedIn({ login }, { say }) {
  if (login !== 'true') {
    say('The user name or the password is not right.');
    form.elements.password.value = '';
    return;
  }
  tellTabs('visitor');
  await go(nextAddress(), { replace: true });
}

async function start() {
  document.querySelector('#login-create-account').href = keepNext('/create-account');
  if (parameter('message') === 'not-authenticated') {
    fill(document.querySelector('#login-notice'), notice('info', 'You are not logged in any more. Log in to go on where you were.'));
  }
  controlForm(form, { check, send: (values) => post('/user/login', values), done: loggedIn, failed: () => ajaxError('login-login') });
  done();
  const found = await visitor().catch(() => null); // without an answer the form is as good as before
  if (found?.loggedIn) await go(nextAddress(), { replace: true });
}

start();
