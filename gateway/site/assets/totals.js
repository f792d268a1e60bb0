// The sums of a cart, a checkout or an order, as the API says them. Nothing is added up here.

import { h } from './element.js';
import { cents, fromCents, money } from './money.js';

/**
 * The list of sums: items, what a code takes off them, shipping, what a code takes off that, total. totals are the API's
 * (contract order.md 3.3, 3.5); sumKey names the total in them: 'cart_total' (the default) or 'order_total'. A tax that is not
 * zero is a row of its own, for it comes on top.
 */
export function totalsList(totals, sumKey = 'cart_total', { tax = 0 } = {}) {
  return h('div', { className: 'stack' },
    h('dl', { className: 'totals' },
      sum('Items', money(totals.item_subtotal)),
      discount('Item discount', totals.item_discount),
      sum('Shipping', shipping(totals)),
      discount('Shipping discount', totals.shipping_discount),
      cents(tax) > 0 && sum('Sales tax', money(tax)),
      sum('Total', money(totals[sumKey]), 'totals__sum')),
    cents(tax) === 0 && h('p', { className: 'muted' }, 'Prices include tax.'));
}

function sum(name, amount, className) {
  return [h('dt', { className }, name), h('dd', { className }, amount)];
}

function discount(name, amount) {
  const off = cents(amount ?? 0);
  return off > 0 && sum(name, money(fromCents(-off)));
}

// A cart without goods pays no shipping; "free" is for goods that are sent for nothing.
function shipping({ item_subtotal: items, shipping_subtotal: amount }) {
  return cents(amount) === 0 && cents(items) > 0 ? 'Free' : money(amount);
}
