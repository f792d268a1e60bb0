// The member's orders, newest first.

import { moment } from '../date.js';
import { fill, h } from '../element.js';
import { money } from '../money.js';
import { empty } from '../state.js';

/** How many are shown before one asks for all. */
const few = 10;

/** Draws the list of account-content's orders_data, whose keys count from the newest. */
export function showOrders(place, data) {
  const orders = Object.entries(data).sort(([one], [other]) => Number(one) - Number(other)).map(([, order]) => order);
  if (orders.length === 0) {
    empty(place, { title: 'No orders yet', text: 'What you order with this account, or with its confirmed e-mail address, shows up here.', link: '/products', label: 'Look at the products' });
    return;
  }
  drawRows(place, orders, orders.length > few + 2 ? few : orders.length);
}

function drawRows(place, orders, count) {
  const list = h('ul', { className: 'records', id: 'account-orders-list' }, orders.slice(0, count).map(row));
  const all = () => {
    drawRows(place, orders, orders.length);
    place.querySelectorAll('a')[count].focus();
  };
  fill(place, list, count < orders.length && h('p', {}, h('button', { className: 'button button--quiet', type: 'button', on: { click: all } }, `Show all ${orders.length} orders`)));
}

function row({ identifier, order_date_time: ordered, order_total: total }) {
  return h('li', { className: 'record' },
    h('span', { className: 'record__text' },
      h('a', { href: `/account/order?${new URLSearchParams({ identifier })}` }, `Order of ${moment(ordered)}`),
      h('span', { className: 'muted' }, identifier)),
    h('span', { className: 'price' }, money(total)));
}
