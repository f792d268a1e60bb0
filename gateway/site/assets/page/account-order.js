// One order, as it stands in the books (contract storefront.md 9, order.md 3.5). Links in mails and the success page lead here.

import { ApiFailure, get } from '../api.js';
import { code, go, loginAddress } from '../address.js';
import { announce, fill, focusOn, h } from '../element.js';
import { ajaxError } from '../event.js';
import { orderContent } from '../order/content.js';
import { wasJustPaid } from '../order/thanks.js';
import { drawing } from '../ready.js';
import { empty, failure, notice } from '../state.js';
import { visitor } from '../visitor.js';

const done = drawing('page');
const detail = document.querySelector('#order-detail');
const identifier = code('identifier');

async function start() {
  if (/^[A-Za-z0-9]{1,64}$/.test(identifier)) await load();
  else showNone();
  done();
}

// The visitor is known first: a member's order is covered once somebody else is here (contract journeys D3).
async function load() {
  try {
    const { loggedIn } = await visitor();
    const answer = await get(`/order/${identifier}`);
    document.querySelector('#order-back').hidden = !loggedIn;
    await show(answer);
  } catch (error) {
    ajaxError(`order-${identifier}`);
    if (error instanceof ApiFailure && error.status === 404) showNone();
    else failure(detail, error, load);
  }
}

async function show({ order_detail: outcome, order_data: order, errors }) {
  if (outcome === 'success') {
    showOrder(order);
    return;
  }
  ajaxError(`order-${identifier}`);
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
