// The way from the payment back to the shop: asking until there is an order (contract payment.md 5).

import { ApiFailure, get } from '../api.js';
import { ajaxError } from '../event.js';

// Seconds between two questions while a payment is not confirmed; the last is repeated.
const pauses = [2, 3, 5, 8, 10];

/** How long one waits with an open page, in milliseconds; then the mail is the better messenger. */
const longest = 5 * 60_000;

// A call may fail by bad luck; this often in a row it is asked again before anybody hears of it.
const quietTries = 2;

const wait = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

/**
 * Waits for the order of a payment session. waiting() is called once when it takes longer. Resolves to {order: identifier},
 * {refusal: a code; "payment-not-completed" after the longest wait} or {failure: ApiFailure}.
 */
export async function orderOf(sessionId, waiting) {
  const begun = Date.now();
  let failures = 0;
  for (let asked = 0; ; asked += 1) {
    const answer = await ask(sessionId);
    failures = answer.failure ? failures + 1 : 0;
    if (isFinal(answer, failures) || Date.now() - begun > longest) return report(answer);
    if (answer.refusal) waiting();
    await wait(pauses[Math.min(asked, pauses.length - 1)]);
  }
}

// "unexpected-error" is a payment whose order could not be written yet: the next question may find it.
function isFinal({ order, refusal, failure }, failures) {
  if (failure) return failures > quietTries || !failure.mayHaveHappened;
  return Boolean(order) || !['payment-not-completed', 'unexpected-error'].includes(refusal);
}

async function ask(sessionId) {
  try {
    const answer = await get(`/order/checkout-session-success?${new URLSearchParams({ session_id: sessionId })}`);
    if (answer.checkout_session_success === 'success') return { order: answer.order_identifier };
    return { refusal: answer.errors?.error ?? 'unknown' };
  } catch (failure) {
    return { failure: failure instanceof ApiFailure ? failure : new ApiFailure('broken', '/order/checkout-session-success') };
  }
}

function report(answer) {
  if (answer.failure) ajaxError('order-checkout-session-success');
  if (answer.refusal) ajaxError(`checkout-session-success-error-${answer.refusal}`);
  return answer;
}
