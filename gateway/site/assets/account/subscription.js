// The unsubscribe links of mails: whom their token names, ending the mails, and saying why (contract user.md 2.16 to 2.18).

import { get, post } from '../api.js';
import { code } from '../address.js';

const causes = ['token-invalid', 'token-altered', 'member-not-found', 'token-required', 'email-address-already-unsubscribed'];

/** The token of the page's address as the API takes it: {token} of a member, {pr_token} of a prospect, {} when there is none. */
export function tokenInAddress() {
  const given = new URLSearchParams(location.search);
  const name = ['token', 'pr_token'].find((each) => given.has(each));
  return name ? { [name]: code(name) } : {};
}

/** Whether a token is a member's; a member has an account and preferences. */
export const isMembers = (token) => 'token' in token;

/**
 * A refusal: {cause} for events, 'undefined' when it is none of the contract's, and {number} for customers: from 1 for the
 * lookup, from 11 for what follows it.
 */
export function refusal(errors, start) {
  const cause = errors?.error;
  const index = causes.indexOf(cause);
  const number = start + (index < 0 ? causes.length : index);
  return { cause: index < 0 ? 'undefined' : cause, number: `E: ${String(number).padStart(2, '0')}` };
}

/** Asks whom a token names. Nothing changes by that. */
export async function lookUp(token) {
  const { email_unsubscribe_lookup: outcome, email_address: email, errors } = await get(`/user/email-unsubscribe-lookup?${new URLSearchParams(token)}`);
  return outcome === 'success' ? { email } : { refused: refusal(errors, 1) };
}

/** Ends the mails: {email, token}, where token is new and of the same kind. */
export async function unsubscribe(token) {
  const { email_unsubscribe_confirm: outcome, email_address: email, token: fresh, errors } = await post('/user/email-unsubscribe-confirm', token, { byAnyone: true });
  return outcome === 'success' ? { email, token: { [Object.keys(token)[0]]: fresh } } : { refused: refusal(errors, 11) };
}

/** Says why, with the token that unsubscribing gave. */
export async function explain(token, reasons) {
  const { email_unsubscribe_why: outcome, errors } = await post('/user/email-unsubscribe-why', { ...token, ...reasons }, { byAnyone: true });
  return outcome === 'success' ? {} : { refused: refusal(errors, 11) };
}
