// How the goods travel: one method is always chosen, and the choice is sent at once.

import { announce, fill, h } from '../element.js';
import { cents, money } from '../money.js';

const place = document.querySelector('#cart-shipping-methods');
const problem = document.querySelector('#cart-shipping-problem');

/** Draws the methods, chosen marked; choose(identifier) is called with another choice. */
export function showShipping({ methods, chosen }, choose) {
  const held = place.contains(document.activeElement);
  fill(place, methods.map((method) => choice(method, chosen, choose)));
  if (methods.length === 0) fill(place, h('p', {}, 'No shipping method is offered at the moment. Please come back later, or leave us a message.'));
  if (held) place.querySelector(':checked')?.focus();
}

function choice({ identifier, carrier, shipping_cost: cost }, chosen, choose) {
  const id = `shipping-${identifier}`;
  return h('div', { className: 'choice' },
    h('input', { id, type: 'radio', name: 'shipping_method', value: identifier, checked: identifier === chosen, on: { change: () => choose(identifier) } }),
    h('label', { className: 'shipping', for: id }, h('span', {}, carrier), ' ', h('span', { className: 'price' }, cents(cost) === 0 ? 'Free' : money(cost))));
}

/** Marks a method. */
export function markShipping(chosen) {
  for (const radio of place.querySelectorAll('input')) radio.checked = radio.value === chosen;
}

/** Says something under the methods; '' takes it away. */
export function sayAtShipping(text) {
  problem.textContent = text;
  problem.hidden = !text;
  if (text) announce(text);
}
