// The cart: what is in it, how it travels, what is taken off, what it costs, and the way to the checkout.

import { go } from '../address.js';
import { drawing } from '../ready.js';
import { onToldByTabs } from '../visitor.js';
import { chooseShipping, codeEntry, markedShipping, remove, removeCode, sendQuantity } from '../cart/change.js';
import { showCheckout } from '../cart/checkout.js';
import { desk, drawWith, open, refresh, say } from '../cart/desk.js';
import { showDiscounts, startDiscounts } from '../cart/discounts.js';
import { flushLines, focusOnInvalid, showLines } from '../cart/lines.js';
import { showShipping } from '../cart/shipping.js';
import { allDone, isUnderWay, onTurn } from '../cart/turn.js';

const done = drawing('cart');

function drawAll(cart) {
  showLines(cart.lines, { send: sendQuantity, remove });
  if (cart.lines.length) showShipping({ methods: cart.methods, chosen: markedShipping() }, chooseShipping);
}

function drawWithSums(cart) {
  showDiscounts(cart, removeCode);
  showCheckout(cart, leave);
}

// Who types a quantity and goes on at once means the new one: it is sent first, and a failure keeps the visitor here.
async function leave(event, address) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.currentTarget;
  if (focusOnInvalid()) {
    event.preventDefault();
    return;
  }
  flushLines();
  if (!isUnderWay()) return;
  event.preventDefault();
  const failuresBefore = desk.failures;
  link.setAttribute('aria-busy', 'true');
  await allDone();
  link.removeAttribute('aria-busy');
  if (desk.failures === failuresBefore && link.isConnected) await go(address);
}

// What a visitor would notice of a cart.
const looks = (cart) => cart && JSON.stringify([cart.lines, cart.chosen, cart.codes, cart.totals]);

async function toldByTabs(text) {
  const before = looks(desk.cart);
  if (await refresh() && before && looks(desk.cart) !== before) say('info', text);
}

async function start() {
  drawWith(drawAll, drawWithSums);
  startDiscounts(codeEntry);
  const body = document.querySelector('#cart-detail-body');
  onTurn((on) => body.classList.toggle('cart-body--saving', on));
  onToldByTabs('cart', () => toldByTabs('Your cart was changed in another tab. This is how it is now.'));
  onToldByTabs('visitor', () => toldByTabs('You logged in or out in another tab. This is the cart that you have now.'));
  window.addEventListener('pageshow', (event) => { if (event.persisted) refresh(); });
  await open();
  done();
}

start();
