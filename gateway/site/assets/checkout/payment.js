// Asking for the payment page, so that however often somebody presses there is one of it for one order.

import { post, VisitorChanged } from '../api.js';
import { go, loginAddress } from '../address.js';
import { ajaxError } from '../event.js';
import { refreshVisitor } from '../visitor.js';

const path = '/order/create-checkout-session';

/**
 * How long a lost answer is asked for again, in milliseconds. The edge would repeat it for a day, the payment page that it names
 * does not live that long; after this the order service gives the page that it has for the cart, or a new one.
 */
const keyLife = 10 * 60_000;

// The key under which the edge repeats its answer. It lives as long as nothing was answered and nothing was changed.
let attempt = { key: '', content: '', since: 0 };

function keyFor(content) {
  const isOld = Date.now() - attempt.since > keyLife;
  if (isOld || attempt.content !== content) attempt = { key: newKey(), content, since: Date.now() };
  return attempt.key;
}

// randomUUID is there in secure contexts only, which a laptop's shop in the local network is not.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Ends the attempt: the next one is another payment page's. */
export function forgetAttempt() {
  attempt = { key: '', content: '', since: 0 };
}

/**
 * Makes sure that whoever the page was drawn for is still there, and gives the visitor as of now. A member whose session has ended is sent to log in and
 * back, so that no guest order comes of it (contract journeys D3); somebody else is a VisitorChanged.
 */
export async function checkBuyer(drawnFor) {
  const now = await refreshVisitor();
  if (now.id === drawnFor.id && now.loggedIn === drawnFor.loggedIn) return now;
  if (drawnFor.loggedIn && !now.loggedIn) await go(loginAddress('checkout/confirm', { message: 'not-authenticated' }));
  throw new VisitorChanged(path);
}

/** The fields of the contract: a guest has an address and a say in newsletters, a member saves no defaults here. */
function fieldsOf({ drawnFor, email, agreed, newsletter }) {
  if (drawnFor.loggedIn) return { agree_to_terms_of_sale: agreed, newsletter: '', save_defaults: false };
  return { agree_to_terms_of_sale: agreed, newsletter, save_defaults: '', anonymous_email_address: email };
}

const reported = new Set(['cart-not-found', 'agree-to-terms-of-sale-must-be-checked', 'agree-to-terms-of-sale-required']);

/**
 * Asks for the payment page of an order {drawnFor, email, agreed, newsletter, summary}: {address} or {refusal: a code}.
 * Rejects with ApiFailure or VisitorChanged; the same order asked for again then gets the answer that was lost. The signal ends
 * the question, whose answer nobody wants then; its reason is what this rejects with.
 */
export async function paymentPage(order, signal) {
  const fields = fieldsOf(order);
  try {
    const answer = await post(path, fields, { idempotencyKey: keyFor(JSON.stringify([fields, order.summary])), signal });
    if (answer.create_checkout_session === 'success') return { address: answer.checkout_url };
    forgetAttempt();
    const refusal = answer.errors?.error ?? 'undefined';
    ajaxError(`create-checkout-session-${reported.has(refusal) ? refusal : 'undefined'}`);
    return { refusal };
  } catch (failure) {
    if (signal.aborted) throw failure;
    if (!(failure instanceof VisitorChanged)) ajaxError('order-create-checkout-session');
    if (failure.status >= 400 && failure.status < 500 && failure.status !== 409) forgetAttempt(); // nothing was done
    throw failure;
  }
}
