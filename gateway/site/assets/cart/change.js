// What customers do to a cart: quantities, removing and putting back, shipping, codes. Each is one call, made in turn.

import { post } from '../api.js';
import { announce, h } from '../element.js';
import { ajaxError } from '../event.js';
import { lineName } from '../line.js';
import { money } from '../money.js';
import { inWords } from '../state.js';
import { tellTabs } from '../visitor.js';
import { changedElsewhere, desk, lost, mayHaveHappened, refresh, say, show, take } from './desk.js';
import { focusOnGoods, replaceRow } from './lines.js';
import { methodsOf } from './load.js';
import { markShipping, sayAtShipping } from './shipping.js';
import { inTurn } from './turn.js';
import { focusOnCodes } from './discounts.js';

const nameOf = (line) => lineName(line, desk.cart.lines);
const inAll = () => `Total ${money(desk.cart.totals.cart_total)}.`;

// The reports name these refusals without the cart (contract storefront.md 7).
const reported = (id, reason) => ajaxError(`${id}-${String(reason).replace(/^cart-sku-/, 'sku-')}`);

/** Brings a row's quantity to the server; gives the quantity that the cart has then (quantity.js). */
export function sendQuantity(row, newest) {
  return inTurn(async () => {
    const quantity = newest();
    const line = row.line();
    try {
      const answer = await post('/order/cart-update-sku-quantity', { sku_id: line.sku_id, quantity });
      if (answer.cart_update_sku_quantity === 'success') return quantityTaken(row, quantity, answer);
      quantityRefused(row, answer.errors?.error);
    } catch (error) {
      row.box.refuse(`${inWords(error)} The box shows what is in your cart.`);
      lost('cart-update-sku-quantity', error);
    }
    return line.quantity;
  });
}

function quantityTaken(row, quantity, answer) {
  const line = { ...row.line(), quantity };
  desk.cart.lines = desk.cart.lines.map((each) => (each.sku_id === line.sku_id ? line : each));
  row.update(line, nameOf(line));
  row.subtotal(answer.sku_subtotal);
  take(answer);
  announce(`${nameOf(line)}: ${quantity}, ${money(answer.sku_subtotal)}. ${inAll()}`);
  return quantity;
}

function quantityRefused(row, reason) {
  reported('cart-update-sku-quantity', reason);
  if (reason === 'quantity-out-of-range') {
    desk.failures += 1;
    row.box.refuse('You can order 0 to 99 of each.');
    return;
  }
  row.box.refuse('');
  changedElsewhere();
}

/** Takes a row out of the cart; it can be put back as long as the page is open. */
export function remove(row) {
  row.box.forget();
  row.busy(true);
  return inTurn(async () => {
    const line = row.line();
    try {
      const answer = await post('/order/cart-remove-sku', { sku_id: line.sku_id });
      if (answer.cart_remove_sku === 'success') removed(row, line, answer);
      else {
        reported('cart-remove-sku', answer.errors?.error);
        changedElsewhere();
      }
    } catch (error) {
      notRemoved(row, error);
    }
    row.busy(false);
  });
}

// What the box says is true only when the cart was read again: the answer may be all that was lost.
function notRemoved(row, error) {
  const [name, words, isOpen] = [nameOf(row.line()), inWords(error), mayHaveHappened(error)];
  row.box.putBack(isOpen ? words : `${words} Nothing was removed.`);
  lost('cart-remove-sku', error);
  if (!isOpen) return;
  refresh().then((wasRead) => {
    if (!row.element.isConnected) announce(`${name} was removed.`);
    else row.box.say(`${words} ${wasRead ? 'Nothing was removed.' : 'It may have been removed all the same.'}`);
  });
}

function removed(row, line, answer) {
  const name = nameOf(line);
  const trace = traceOf(line, name);
  replaceRow(row, trace);
  const lines = desk.cart.lines.filter((each) => each.sku_id !== line.sku_id);
  Object.assign(desk.cart, { lines, methods: methodsOf(answer), chosen: answer.shipping_method_selected ?? desk.cart.chosen });
  take(answer);
  if (answer.cart_item_count !== lines.length) {
    refresh(); // another tab was here as well
    return;
  }
  show(desk.cart);
  announce(`${name} was removed. ${lines.length ? inAll() : 'Your cart is empty.'}`);
  if (lines.length === 0) emptied(trace);
}

// The cart itself stays, which is as good as none: its codes and its shipping are wanted again when something is put back.
function emptied(trace) {
  const place = document.querySelector('#cart-removed');
  place.replaceChildren(trace);
  place.hidden = false;
  focusOnGoods();
}

function traceOf(line, name) {
  for (const earlier of document.querySelectorAll('.line--gone')) earlier.remove();
  const back = h('button', { className: 'link-button', type: 'button', 'aria-label': `Put back ${name}` }, 'Put it back');
  const trace = h('li', { className: 'line--gone' }, h('span', {}, `${name} was removed. `), line.sku_inventory__identifier === 'in-stock' && back);
  back.addEventListener('click', () => putBack(line, name, trace, back));
  return trace;
}

function putBack(line, name, trace, button) {
  if (button.getAttribute('aria-busy') === 'true') return null;
  button.setAttribute('aria-busy', 'true');
  return inTurn(async () => {
    try {
      const answer = await post('/order/cart-add-product-sku', { sku_id: line.sku_id, quantity: Math.max(1, line.quantity) });
      if (answer.cart_add_product_sku !== 'success') throw new Error('refused');
      tellTabs('cart');
      trace.remove();
      refresh().then(() => { focusOnGoods(); announce(`${name} is in your cart again.`); });
    } catch {
      button.removeAttribute('aria-busy');
      trace.firstElementChild.textContent = `${name} could not be put back. `;
      announce(trace.firstElementChild.textContent);
      refresh().then(() => { if (desk.cart.lines.some((each) => each.sku_id === line.sku_id)) trace.remove(); }); // only the answer was lost
    }
  });
}

let wanted = null; // the choice that waits or is on its way

/** The shipping method to be marked: the one that the customer has just chosen, else the cart's. */
export const markedShipping = () => wanted ?? desk.cart.chosen;

/** Chooses a shipping method; of several choices in a row only the last is sent. */
export function chooseShipping(identifier) {
  wanted = identifier;
  return inTurn(async () => {
    if (identifier !== wanted) return;
    await sendShipping(identifier);
    if (identifier === wanted) wanted = null;
    markShipping(markedShipping());
  });
}

async function sendShipping(identifier) {
  try {
    const answer = await post('/order/cart-update-shipping-method', { shipping_method_identifier: identifier });
    if (answer.cart_update_shipping_method === 'success') shippingTaken(identifier, answer);
    else shippingRefused(answer.errors?.error);
  } catch (error) {
    lost('cart-udpate-shipping-method', error); // the old shop's spelling, which reports know
    if (identifier === wanted) sayAtShipping(`${inWords(error)} The shipping method is as it was.`);
  }
}

function shippingTaken(identifier, answer) {
  desk.cart.chosen = identifier;
  sayAtShipping('');
  take(answer);
  announce(`Shipping ${money(answer.cart_totals_data.shipping_subtotal)}. ${inAll()}`);
}

function shippingRefused(reason) {
  reported('cart-update-shipping-method', reason);
  if (reason === 'cart-not-found') {
    changedElsewhere();
    return;
  }
  desk.failures += 1;
  refresh().then(() => sayAtShipping('This shipping method is not offered any more. Please check which one is chosen now.'));
}

/** How the form for codes sends, and what follows (discounts.js). */
export const codeEntry = {
  send: (code) => inTurn(() => post('/order/cart-apply-discount-code', { discount_code_id: code })),
  done: (answer) => {
    take(answer);
    const mine = desk.cart.codes.find(({ code }) => code === answer.discount_code_id);
    announce(`Code ${answer.discount_code_id} is on your cart${mine?.discount_applied ? '' : ', but takes nothing off'}. ${inAll()}`);
  },
  refused: (reason) => {
    reported('cart-apply-discount-code', reason);
    if (reason === 'cart-not-found') changedElsewhere();
    if (reason === 'cart-discount-code-already-applied') refresh(); // perhaps by a call whose answer was lost
  },
  failed: (error) => lost('cart-apply-discount-code', error),
};

/** Takes a code off the cart; kept() when it stays. */
export function removeCode({ discount_code_id: id, code }, kept) {
  return inTurn(async () => {
    try {
      const answer = await post('/order/cart-remove-discount-code', { discount_code_id: id });
      if (answer.cart_remove_discount_code === 'success') {
        take(answer);
        focusOnCodes();
        announce(`Code ${code} is removed. ${inAll()}`);
        return;
      }
      reported('cart-remove-discount-code', answer.errors?.error);
      changedElsewhere();
    } catch (error) {
      kept();
      say('problem', `${inWords(error)} The code ${code} was not removed.`);
      lost('cart-remove-discount-code', error);
    }
  });
}
