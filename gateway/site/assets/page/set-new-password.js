// Sets a new password with the link from a mail. It is about the user name that is entered, whoever is logged in here.

import { post } from '../api.js';
import { code } from '../address.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { fragment, h } from '../element.js';
import { showVisitor } from '../frame/header.js';
import { controlPasswords, tickRules } from '../password-field.js';
import { drawing } from '../ready.js';
import { replaceForm } from '../sent.js';
import { refreshVisitor, tellTabs, visitor } from '../visitor.js';
import * as rule from '../rule.js';

const drawn = drawing('set-new-password');
const form = document.querySelector('#set-new-password-form');
const told = document.querySelector('#set-new-password-told');
const resetCode = code('password_reset_code');
const askAgain = () => h('a', { href: '/reset-password' }, 'Ask for a new link');

function check({ username, new_password: password, confirm_new_password: again }) {
  return {
    username: rule.required(username, 'The user name'),
    'new-password': rule.newPassword(password),
    confirm_new_password: rule.sameAgain(password, again),
  };
}

function send({ username, ...others }) {
  return post('/user/set-new-password', { ...others, username: username.trim(), password_reset_code: resetCode }, { byAnyone: true });
}

async function answered({ set_new_password: outcome, errors = {} }, { problems, say }) {
  if (outcome === 'success') await tellDone();
  else if (outcome === 'password-error') problems({ 'new-password': rule.refusalsInWords(errors['new-password'], 'The password') }, '');
  else say(fragment('This link does not fit the user name, has been used already, or is older than an hour. Your password is as it was. Check the user name, or: ', askAgain()));
}

async function tellDone() {
  document.querySelector('#set-new-password-whose').textContent = form.elements.username.value.trim();
  form.reset();
  told.hidden = true;
  replaceForm(form, document.querySelector('#set-new-password-done'));
  tellTabs('visitor'); // the sessions of that name are over, perhaps this browser's own
  await refreshVisitor().then(showAfter).catch(() => {});
}

function showAfter(found) {
  showVisitor(found);
  if (!found.loggedIn) return;
  told.textContent = `You are still logged in as ${nameOf(found)}. To log in with the other user name, log out first.`;
  told.hidden = false;
  const on = document.querySelector('#set-new-password-login');
  on.href = '/account/';
  on.textContent = 'To my account';
}

const nameOf = ({ firstName, lastName, email }) => `${firstName} ${lastName}`.trim() || email;

async function tellWhoIsHere() {
  const found = await visitor().catch(() => null);
  if (found?.loggedIn) told.textContent = `You are logged in as ${nameOf(found)}. This sets the password of the user name that you enter here.`;
}

function tellCodeIsMissing() {
  form.hidden = true;
  told.hidden = true;
  document.querySelector('#set-new-password-incomplete').hidden = false;
}

async function start() {
  if (!resetCode) tellCodeIsMissing();
  else {
    controlPasswords(form);
    tickRules(form.elements.new_password, document.querySelector('#set-new-password-rules'));
    controlForm(form, { check, send, done: answered, failed: () => ajaxError('set-new-password-set-new-password') });
    await tellWhoIsHere();
  }
  drawn();
}

start();
