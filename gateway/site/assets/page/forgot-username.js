// Has user names mailed. The answer is the same whether there is an account or not.

import { post } from '../api.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { drawing } from '../ready.js';
import { tellSent } from '../sent.js';
import * as rule from '../rule.js';

const done = drawing('forgot-username');
const form = document.querySelector('#forgot-username-form');
const entered = () => form.elements.email_address.value.trim();

function answered({ forgot_username: outcome }, { say }) {
  if (outcome === 'success') tellSent(form, document.querySelector('#forgot-username-sent'), entered());
  else say('That could not be sent. Please try again in a moment.');
}

controlForm(form, {
  check: ({ email_address: email }) => ({ email_address: rule.email(email) }),
  send: () => post('/user/forgot-username', { email_address: entered() }, { byAnyone: true }),
  done: answered,
  failed: () => ajaxError('forgot-username-forgot-username'),
});
done();
