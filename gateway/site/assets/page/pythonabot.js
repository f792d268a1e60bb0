// The teaser of PythonABot: takes the address of whoever wants to hear about it, and how much (contract user.md 2.22).

import { post } from '../api.js';
import { focusOn } from '../element.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { drawing } from '../ready.js';
import * as rule from '../rule.js';

const form = document.querySelector('#notify_me_form');
const thanks = document.querySelector('#notify_me_success');

function check({ email_address: address, how_excited: excited }) {
  return {
    email_address: rule.email(address, 'Your e-mail address'),
    how_excited: excited ? [] : ['Please choose how much you look forward to it.'],
  };
}

function answered({ pythonabot_notify_me: outcome, errors = {} }, { problems }) {
  if (outcome === 'success') {
    thank();
    return;
  }
  const found = {
    email_address: rule.refusalsInWords(errors.email_address, 'Your e-mail address'),
    how_excited: rule.refusalsInWords(errors.how_excited, 'Your choice'),
  };
  const told = Object.values(found).some((texts) => texts.length > 0);
  problems(found, told ? undefined : 'We could not put you on the list. Please try again in a moment.');
}

function thank() {
  form.hidden = true;
  thanks.hidden = false;
  focusOn(thanks);
}

function start() {
  const done = drawing('page');
  controlForm(form, {
    check,
    send: (values) => post('/user/pythonabot-notify-me', values),
    done: answered,
    failed: () => ajaxError('pythonabot-pythonabot-notify-me'),
  });
  done();
}

start();
