// A new password for who knows the old one. Everywhere else the account is logged out.

import { post } from '../api.js';
import { go, loginAddress } from '../address.js';
import { editAsMember } from '../account/edit.js';
import { isLoggedOut } from '../account/login.js';
import { fill, focusOn, fragment, h } from '../element.js';
import { controlPasswords, tickRules } from '../password-field.js';
import { drawing } from '../ready.js';
import { notice } from '../state.js';
import * as rule from '../rule.js';
import { tellTabs } from '../visitor.js';

const done = drawing('change-password');
const form = document.querySelector('#change-my-password-form');
const login = (text) => h('a', { href: loginAddress('account') }, text);

/** Whether an earlier try got no answer: then the password may be the new one already, and this browser logged out. */
let isUncertain = false;

function check({ current_password: current, new_password: fresh, confirm_new_password: again }) {
  const same = fresh !== '' && fresh === current ? ['This is the password you have already.'] : [];
  return {
    current_password: rule.required(current, 'The current password'),
    new_password: [...same, ...rule.newPassword(fresh, 'The new password')],
    confirm_new_password: rule.sameAgain(fresh, again),
  };
}

async function send(values) {
  const answer = await post('/user/change-my-password', values);
  return isUncertain && isLoggedOut(answer.change_my_password) ? { change_my_password: 'may_be_changed' } : answer;
}

function answered({ change_my_password: outcome, errors = {} }, { problems, say }) {
  if (outcome === 'success') {
    tellTabs('visitor');
    return go('/account?message=password-updated');
  }
  if (outcome === 'changed_password_but_login_failed') return sayLogIn();
  if (outcome === 'may_be_changed') return say(fragment('Your first try seems to have changed the password, although no answer came. ', login('Log in with the new one')));
  const found = {
    current_password: rule.refusalsInWords(errors['current-password'], 'The current password'),
    new_password: rule.refusalsInWords(errors.password, 'The new password'),
  };
  return problems(found) || say('The password could not be changed. Please try again in a moment.');
}

function sayLogIn() {
  const said = notice('success', h('p', {}, h('strong', {}, 'Your password is changed.')), h('p', {}, 'Log in again with the new one. ', login('Log in')));
  form.reset();
  form.hidden = true;
  fill(document.querySelector('#account-state'), said);
  focusOn(said);
}

async function start() {
  controlPasswords(form);
  tickRules(form.elements.new_password, document.querySelector('#change-my-password-rules'));
  await editAsMember({
    next: 'account/change-password', form, check, send, done: answered, outcome: 'change_my_password',
    events: { content: 'change-my-password-account-content', send: 'change-my-password-change-my-password' },
    kept: 'You had to log in again. The password is not changed yet. Passwords are never kept, so please enter them once more.',
    fillIn: ({ personal_data: { username } }) => { document.querySelector('#change-my-password-username').value = username; },
    failed: (failure) => { isUncertain ||= failure.mayHaveHappened; },
  });
  done();
}

start();
