// Why there is no payment page, in words and with the way on (contract payment.md 4, and the codes of our own edge).

import { ApiFailure, VisitorChanged } from '../api.js';
import { waitInWords } from '../date.js';
import { fragment, h } from '../element.js';

const toCart = () => h('a', { href: '/cart' }, 'Back to the cart');

const words = {
  'checkout-not-allowed': () => 'The checkout is closed at the moment. Your cart is kept; please come back later.',
  'cart-not-found': () => fragment('Your cart is empty by now, or has been paid already. ', toCart()),
  'cart-is-empty': () => fragment('There is nothing in your cart to pay for. ', toCart()),
  'sku-not-available': () => fragment('Some of the goods are not there any more in the quantity that you chose. Nothing was charged. ', toCart()),
  'agree-to-terms-of-sale-required': () => 'Please agree to the terms of sale.',
  'agree-to-terms-of-sale-must-be-checked': () => 'Please agree to the terms of sale.',
  'discount-code-not-available': () => fragment('A discount code does not count any more and was taken off. Look at the new total before you pay, or try another code. ', toCart()),
  'shipping-method-not-available': () => fragment('The chosen way of shipping is not offered any more. Choose another one before you pay. ', toCart()),
  'anonymous-email-address-required': () => 'The e-mail address was not accepted. Please change it above.',
  'stripe-error': () => 'Our payment provider does not answer as it should. Nothing was charged, and your cart is kept. Please try again in a moment.',
};

/** The words for a code of create-checkout-session, with a link where it helps. */
export function refusalInWords(code) {
  return words[code]?.() ?? 'Something went wrong on our side. Nothing was charged. Please try again in a moment.';
}

/** Whether the goods, the codes or the sums on the page are old after such a refusal. */
export function makesSummaryOld(code) {
  return ['checkout-not-allowed', 'cart-not-found', 'cart-is-empty', 'sku-not-available', 'discount-code-not-available', 'shipping-method-not-available'].includes(code);
}

/** The words for a call without an answer. Nobody pays here yet, so that pressing again is always safe, and they say so. */
export function failureInWords(failure) {
  if (failure instanceof VisitorChanged) {
    return fragment('You have logged in or out in another tab. ', h('a', { href: '/checkout/confirm' }, 'Load this page again'), ' to pay.');
  }
  const again = 'Nothing was charged, and what you entered is kept. You can press the button again without paying twice.';
  if (!(failure instanceof ApiFailure)) return `Something went wrong on this page. ${again}`;
  if (failure.status === 409) return `The payment page is being prepared. ${again}`;
  switch (failure.kind) {
    case 'offline': return `The shop cannot be reached. Check your connection. ${again}`;
    case 'timeout': return `The shop takes too long to answer. ${again}`;
    case 'busy': return `That was tried too often. Please wait ${waitInWords(failure.retryAfter)}. ${again}`;
    case 'refused': return fragment('The shop did not accept that. ', h('a', { href: '/checkout/confirm' }, 'Load this page again'), '; if it stays so, allow cookies for this shop. Nothing was charged.');
    default: return `The shop has a problem. ${again}`;
  }
}
