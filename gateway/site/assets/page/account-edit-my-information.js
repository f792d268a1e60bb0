// Name and e-mail address of a member.

import { post } from '../api.js';
import { go } from '../address.js';
import { editAsMember } from '../account/edit.js';
import { drawing } from '../ready.js';
import * as rule from '../rule.js';

const done = drawing('edit-my-information');
const form = document.querySelector('#edit-my-information-form');
const whole = (text) => text.trim().replace(/\s+/g, ' ');
const names = { firstname: 'The first name', lastname: 'The last name', email_address: 'The e-mail address' };

/** The address before the change. */
let known = '';

function fillIn({ personal_data: { first_name: first, last_name: last }, email_data: { email_address: email } }) {
  known = email;
  Object.assign(form.elements.firstname, { value: first });
  Object.assign(form.elements.lastname, { value: last });
  Object.assign(form.elements.email_address, { value: email });
}

function tidied({ firstname, lastname, email_address: email }) {
  return { firstname: whole(firstname), lastname: whole(lastname), email_address: email.trim() };
}

function check(values) {
  const { firstname, lastname, email_address: email } = tidied(values);
  return {
    firstname: rule.name(firstname, names.firstname, 30),
    lastname: rule.name(lastname, names.lastname, 150),
    email_address: email === known ? [] : rule.email(email), // one from older days may stay
  };
}

function answered({ update_my_information: outcome, errors = {} }, { problems, say, values }) {
  if (outcome === 'success') {
    const isMoved = tidied(values()).email_address !== known;
    return go(`/account?message=${isMoved ? 'email-address-updated' : 'information-updated'}`);
  }
  const found = {
    firstname: rule.refusalsInWords(errors.firstname, names.firstname),
    lastname: rule.refusalsInWords(errors.lastname, names.lastname),
    email_address: rule.refusalsInWords(errors['email-address'], names.email_address),
  };
  return problems(found) || say('Your changes could not be saved. Please try again in a moment.');
}

async function start() {
  await editAsMember({
    next: 'account/edit-my-information', form, fillIn, check, outcome: 'update_my_information',
    events: { content: 'edit-my-information-account-content', send: 'edit-my-information-update-my-information' },
    kept: 'You had to log in again. What you entered was kept: look it over, then save it.',
    send: (values) => post('/user/update-my-information', tidied(values)),
    done: answered,
  });
  done();
}

start();
