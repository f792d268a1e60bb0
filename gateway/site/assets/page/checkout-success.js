// Where customers come back to from the payment page: waits for their order and leads to it (contract storefront.md 9). Nothing
// on it pays anything, and it may be opened as often as one likes.

import { go, parameter } from '../address.js';
import { forgetGuest } from '../checkout/email.js';
import { orderOf } from '../checkout/arrival.js';
import { fill, focusOn, h } from '../element.js';
import { noteOrderPaid } from '../order/thanks.js';
import { drawing } from '../ready.js';
import { inWords, notice } from '../state.js';
import { tellTabs } from '../visitor.js';

const done = drawing('page');
const state = document.querySelector('#success-state');
const sessionId = parameter('session_id').trim();

const paidOnce = 'You need not pay again.';

async function start() {
  if (sessionId) await findOrder();
  else sayMissing();
  done();
}

async function findOrder() {
  showWaiting('Please wait while we take down your order');
  const { order, refusal, failure } = await orderOf(sessionId, sayWaiting);
  if (order) await toOrder(order);
  else if (failure) sayFailed(inWords(failure));
  else sayRefused(refusal);
}

function showWaiting(text, ...more) {
  fill(state, h('p', { className: 'spinner', role: 'status' }, text), more);
  state.setAttribute('aria-busy', 'true');
}

let isTold = false;

// Some ways of paying take a while; the page is done as far as it can be.
function sayWaiting() {
  done();
  if (isTold) return;
  isTold = true;
  showWaiting('Waiting for your payment to be confirmed',
    h('p', {}, `This can take some minutes. ${paidOnce} This page goes on by itself; you may also close it: the order and a mail about it follow as soon as the payment is confirmed.`));
}

async function toOrder(order) {
  noteOrderPaid(order);
  forgetGuest();
  tellTabs('cart');
  await go(`/account/order?${new URLSearchParams({ identifier: order })}`, { replace: true });
}

function sayRefused(refusal) {
  if (refusal === 'session-id-required') sayMissing();
  else if (refusal === 'payment-not-completed') sayNotYet();
  else if (refusal === 'invalid-session') sayUnknown();
  else sayFailed('Your order is not written down yet. If you have paid, it will be, and a mail about it follows.');
}

function sayMissing() {
  say('problem', [h('p', {}, h('strong', {}, 'This address lacks the number of a payment.')),
    h('p', {}, 'If you have paid, please ', h('a', { href: '/contact' }, 'contact support'), `: we look it up for you. ${paidOnce} If you have not, your goods are in the cart.`)],
  h('a', { className: 'button button--quiet', href: '/cart' }, 'To the cart'));
}

function sayUnknown() {
  say('problem', [h('p', {}, h('strong', {}, 'We do not know this payment.')),
    h('p', {}, 'Perhaps the address was cut off on its way. If you have paid, please ', h('a', { href: '/contact' }, 'contact support'), `: we look it up for you. ${paidOnce}`)],
  checkAgain());
}

function sayNotYet() {
  say('info', [h('p', {}, h('strong', {}, 'Your payment is not confirmed yet.')),
    h('p', {}, `${paidOnce} As soon as it is confirmed we send you a mail with your order, and you may close this page. If you left the payment page without paying, your goods are still in the cart.`)],
  checkAgain());
}

function sayFailed(text) {
  say('problem', [h('p', {}, text), h('p', {}, `${paidOnce} What you paid is safe, and the mail with your order comes even if this page does not find it.`)], checkAgain());
}

function say(kind, texts, way) {
  const said = notice(kind, texts, h('p', {}, way));
  fill(state, said);
  focusOn(said);
}

function checkAgain() {
  return h('button', { className: 'button', type: 'button', on: { click: () => { isTold = false; findOrder(); } } }, 'Check again');
}

start();
