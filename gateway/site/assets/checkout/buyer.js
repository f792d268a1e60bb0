// Who buys: a member, whose address is known, or a guest, who logs in, registers or gives an address (contract payment.md 3).

import { get, post } from '../api.js';
import { announce, focusOn, fragment, h } from '../element.js';
import { ajaxError } from '../event.js';
import { controlForm } from '../form.js';
import { plain } from '../prose.js';
import { email } from '../rule.js';
import { inWords, notice } from '../state.js';
import { forgetGuest, forgetGuestEmail, guestEmail, keepGuestEmail } from './email.js';

const section = document.querySelector('#confirm-buyer');
const known = document.querySelector('#confirm-email');
const choices = document.querySelector('#confirm-choices');
const asGuest = document.querySelector('#confirm-as-guest');
const form = document.querySelector('#confirm-guest-form');
const change = document.querySelector('#confirm-email-change');

let onChange = () => {};

/** Makes the section work once; changed() is called when the guest's address was given or taken back. */
export function startBuyer(changed) {
  onChange = changed;
  asGuest.addEventListener('click', openGuestForm);
  change.addEventListener('click', changeEmail);
  controlForm(form, {
    check: ({ anonymous_email_address: address }) => ({ anonymous_email_address: email(address, 'The e-mail address') }),
    send: (values) => lookUp(values.anonymous_email_address.trim()),
    done: lookedUp,
    failed: () => ajaxError('anonymous-email-address-payment-lookup'),
  });
}

/** Draws the section for a visitor; true when it is known where the confirmation goes. */
export function showBuyer(visitor) {
  if (visitor.loggedIn) forgetGuest();
  const address = visitor.loggedIn ? visitor.email : guestEmail();
  section.hidden = false;
  known.hidden = !address;
  choices.hidden = Boolean(address);
  change.hidden = visitor.loggedIn;
  document.querySelector('#confirm-email-address').textContent = address;
  return Boolean(address);
}

function openGuestForm() {
  form.hidden = false;
  asGuest.setAttribute('aria-expanded', 'true');
  form.elements.anonymous_email_address.focus();
}

const lookUp = async (address) => ({ address, ...await post('/order/anonymous-email-address-payment-lookup', { anonymous_email_address: address }) });

function lookedUp({ address, anonymous_email_address_payment_lookup: outcome, errors, checkout_allowed: allowed }, { problems }) {
  if (outcome === 'success') {
    keepGuestEmail(address);
    onChange();
    focusOn(document.querySelector('#confirm-buyer-title'));
    announce(`The confirmation goes to ${address}.`);
    return;
  }
  const word = knownWords.has(errors?.error) ? errors.error : 'undefined';
  ajaxError(`anonymous-email-address-lookup-${word}`);
  problems({ anonymous_email_address: [allowed === false ? 'The checkout is closed at the moment.' : refusal(errors)] });
}

const knownWords = new Set(['email-address-is-associated-with-member', 'error-looking-up-payment-data', 'anonymous-email-address-required']);

function refusal(errors) {
  switch (errors?.error) {
    case 'email-address-is-associated-with-member':
      return fragment('This address belongs to an account. ', h('a', { href: '/login?next=checkout/confirm' }, 'Log in'), ' to order with it, or give another address.');
    case 'anonymous-email-address-required': return plain(errors.description) || 'Please enter your e-mail address.';
    default: return 'This address could not be checked. Please try again in a moment.';
  }
}

// The address goes, and nothing else: ticks and goods stay as they are.
async function changeEmail() {
  if (change.getAttribute('aria-disabled') === 'true') return;
  change.setAttribute('aria-disabled', 'true');
  section.querySelector(':scope > .notice')?.remove();
  try {
    await get('/order/change-confirmation-email-address');
    form.elements.anonymous_email_address.value = guestEmail();
    forgetGuestEmail();
    onChange();
    asGuest.setAttribute('aria-expanded', String(!form.hidden));
    focusOn(document.querySelector('#confirm-buyer-title'));
  } catch (failure) {
    ajaxError('change-confirmation-email-address');
    section.append(notice('problem', h('p', {}, inWords(failure))));
  }
  change.removeAttribute('aria-disabled');
}
