// The way on: a link to the checkout, or what keeps the cart from it.

import { fill, h } from '../element.js';
import { lineName } from '../line.js';

const places = [document.querySelector('#cart-checkout-above'), document.querySelector('#cart-checkout-below')];
const address = '/checkout/confirm';

/** Draws the links; leave(event, address) is called when one is followed. A cart that cannot be bought gets a reason instead. */
export function showCheckout({ lines }, leave) {
  const reason = reasonAgainst(lines);
  const [above, below] = places;
  const wanted = reason ? reason.key : 'open';
  if (above.dataset.shows === wanted) return; // a link that has the focus keeps it
  for (const place of places) place.dataset.shows = wanted;
  fill(above, reason ? reason.notice : link('cart-checkout-top', leave));
  fill(below, reason ? h('p', { className: 'muted' }, 'You can go to the checkout once the cart is in order; see above.') : link('cart-checkout', leave));
}

function link(id, leave) {
  return h('a', { className: 'button button--wide', id, href: address, on: { click: (event) => leave(event, address) } }, 'Go to checkout');
}

function reasonAgainst(lines) {
  const ordered = lines.filter((line) => line.quantity > 0);
  const missing = ordered.filter((line) => line.sku_inventory__identifier !== 'in-stock');
  if (missing.length) return { key: `missing ${missing.map((line) => line.sku_id)}`, notice: missingNotice(missing, lines) };
  if (ordered.length) return null;
  return { key: 'nothing', notice: warning(h('p', {}, 'Nothing is ordered: every quantity is 0. Choose how many you want to go to the checkout.')) };
}

function missingNotice(missing, lines) {
  return warning(
    h('p', {}, 'Not everything in your cart is in stock. Please remove these goods, or order none of them, to go to the checkout:'),
    h('ul', {}, missing.map((line) => h('li', {}, lineName(line, lines)))));
}

const warning = (...children) => h('div', { className: 'notice notice--warning' }, children);
