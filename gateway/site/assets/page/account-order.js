// One order, as it stands in the books (contract storefront.md 9, order.md 3.5). Links in mails and the success page lead here.

import { ApiFailure, get } from '../api.js';
import { code, go, loginAddress } from '../address.js';
import { announce, fill, focusOn, h } from '../element.js';
import { ajaxError } from '../event.js';
import { orderContent } from '../order/content.js';
import { wasJustPaid } from '../order/thanks.js';
import { drawing } from '../ready.js';
import { empty, failure, notice } from '../state.js';
import { onToldByTabs, startOver, visitor } from '../visitor.js';

const done = drawing('page');
const detail = document.querySelector('#order-detail');
const identifier = code('identifier');
const orderPath = `/order/${identifier}`;

// Whoever knows the whole identifier may read a guest's order, so reports get its beginning: enough to tell failures of one
// order from those of many. What the API refuses in words is no failure (contract storefront.md 7).
const orderEvent = `order-${identifier.slice(0, 3)}`;

/** How long the order waits for the visitor to be known, in milliseconds. */
const patience = 2_000;
let isKnown = false;

async function start() {
  onToldByTabs('visitor', startOverUnknown);
  window.addEventListener('pageshow', (event) => { if (event.persisted) startOverUnknown(); });
  if (/^[A-Za-z0-9]{1,64}$/.test(identifier)) await load();
  else showNone();
  done();
}

// The frame covers a member's order once somebody else is here (contract journeys D3), and has to know the member for that. Where
// that takes long the order is shown all the same; the page then starts over at the first sign of somebody else.
function startOverUnknown() {
  if (!isKnown) startOver();
}

async function load() {
  try {
    const found = visitor();
    found.then(showWayBack).catch(() => {}); // within patience it is met below, later the order stands there without it
    await Promise.race([found, new Promise((resolve) => { setTimeout(resolve, patience); })]);
    await show(await get(orderPath));
  } catch (error) {
    if (error instanceof ApiFailure && error.path === orderPath) ajaxError(orderEvent);
    if (error instanceof ApiFailure && error.status === 404) showNone();
    else failure(detail, error, load);
  }
}

function showWayBack({ loggedIn }) {
  isKnown = true;
  const back = document.querySelector('#order-back'); // its place is kept from the start, so that nothing jumps
  back.classList.remove('order__back--unknown');
  if (!loggedIn) fill(back, h('a', { className: 'way-back', href: '/products' }, 'To our products'));
}

async function show({ order_detail: outcome, order_data: order, errors }) {
  if (outcome === 'success') {
    showOrder(order);
    return;
  }
  if (errors?.error === 'log-in-required-to-view-order') await go(loginAddress('account/order', { order_identifier: identifier }), { replace: true });
  if (errors?.error === 'order-not-in-account') showForeign();
  else showNone();
}

function showOrder(order) {
  fill(detail, orderContent(order));
  if (!wasJustPaid(identifier)) return;
  const thanks = notice('success', h('p', {}, h('strong', {}, 'Thank you for your order.')),
    h('p', {}, 'It is paid, and a confirmation is on its way to ', h('strong', {}, order.order_payment_info.email || 'your mailbox'), '.'));
  fill(document.querySelector('#order-thanks'), thanks);
  focusOn(thanks);
  announce('Thank you for your order. It is paid.');
}

function showNone() {
  empty(detail, { title: 'There is no such order', text: 'The address may have been cut off on its way. The whole one is in the mail that confirmed the order.', link: '/contact', label: 'Ask us about an order' });
}

function showForeign() {
  fill(detail, h('div', { className: 'empty' }, h('h2', {}, 'This order is not in your account'),
    h('p', {}, 'It was placed as a guest or with another account. To see it, log out and open its link again; for an order of an account you are asked to log in to that account.'),
    h('p', {}, h('a', { className: 'button', href: '/account/' }, 'Go to my account'))));
}

start();
