// Registering: the new member is logged in and goes on to where the visitor wanted to go.

import { post } from '../api.js';
import { keepNext, nextAddress } from '../address.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { fragment, h } from '../element.js';
import { controlPasswords, tickRules } from '../password-field.js';
import { drawing } from '../ready.js';
import { goOnAsMember, passMembersOn } from '../signing-in.js';
import * as rule from '../rule.js';

const done = drawing('create-account');
const form = document.querySelector('#create-account-form');
const whole = (text) => text.trim().replace(/\s+/g, ' ');

/** Whether an earlier try got no answer: then the account may exist. */
let isUncertain = false;

function tidied({ firstname, lastname, email_address: email, username, ...others }) {
  return { ...others, firstname: whole(firstname), lastname: whole(lastname), email_address: email.trim(), username: username.trim() };
}

function check(values) {
  const { firstname, lastname, email_address: email, username, password, confirm_password: again, agree } = tidied(values);
  return {
    firstname: rule.name(firstname, 'The first name', 30),
    lastname: rule.name(lastname, 'The last name', 150),
    email_address: rule.email(email),
    username: rule.username(username),
    password: rule.newPassword(password),
    confirm_password: rule.sameAgain(password, again),
    agree: rule.ticked(agree, 'Please read the terms and the privacy policy, then tick the box to agree.'),
  };
}

function send(values) {
  const fields = tidied(values);
  delete fields.agree; // it is the page's affair (contract user.md 2.7)
  return post('/user/create-account', fields);
}

// A new account has a code of its own; one that came along was mailed to somebody else's.
function nextOfNewMember() {
  const search = new URLSearchParams(location.search);
  search.delete('email_verification_code');
  return nextAddress(`?${search}`);
}

const login = () => h('a', { href: keepNext('/login') }, 'Log in');

async function answered({ create_account: outcome, errors = {} }, { problems, say }) {
  if (outcome === 'true') return goOnAsMember(nextOfNewMember());
  if (outcome === 'created_but_login_failed') return say(fragment('Your account is made, but you are not logged in yet (E: 03). ', login()));
  const found = {
    firstname: rule.refusalsInWords(errors.firstname, 'The first name'),
    lastname: rule.refusalsInWords(errors.lastname, 'The last name'),
    email_address: rule.refusalsInWords(errors['email-address'], 'The e-mail address'),
    username: rule.refusalsInWords(errors.username, 'The user name'),
    password: rule.refusalsInWords(errors.password, 'The password'),
  };
  return problems(found, generalProblem(found));
}

function generalProblem(found) {
  if (isUncertain && found.username.length) return fragment('Your first try may have made the account although no answer came. ', login());
  return Object.values(found).some((texts) => texts.length) ? '' : 'The account could not be made (E: 02). Please try again in a moment.';
}

function failed(failure) {
  isUncertain ||= failure.mayHaveHappened;
  ajaxError('create-account-create-account');
}

async function start() {
  document.querySelector('#create-account-login').href = keepNext('/login');
  controlPasswords(form);
  tickRules(form.elements.password, document.querySelector('#create-account-password-rules'));
  controlForm(form, { check, send, done: answered, failed });
  await passMembersOn(form, nextOfNewMember());
  done();
}

start();
