// The cart as the page knows it: showing it, asking for it again, and saying that it is another than it was.

import { ApiFailure, VisitorChanged } from '../api.js';
import { loginAddress } from '../address.js';
import { setCartCount } from '../badge.js';
import { fill, focusOn, h } from '../element.js';
import { ajaxError } from '../event.js';
import { empty, failure, inWords, loading, notice } from '../state.js';
import { totalsList } from '../totals.js';
import { refreshVisitor, tellTabs, visitor } from '../visitor.js';
import { codesOf, loadCart } from './load.js';
import { inTurn } from './turn.js';

const [body, state, filled, said, sums] = ['#cart-detail-body', '#cart-state', '#cart-filled', '#cart-notice', '#cart-totals'].map((id) => document.querySelector(id));

/** What the page shows: the cart of loadCart (null until it is there), and how many changes have failed so far. */
export const desk = { cart: null, failures: 0 };

let drawCart = () => {};
let drawSums = () => {};

/** Says how rows, shipping, codes and the way on are drawn: all of them, and those that change with the sums. */
export function drawWith(all, withSums) {
  drawCart = all;
  drawSums = withSums;
}

/** Shows a cart. */
export function show(cart) {
  desk.cart = cart;
  body.removeAttribute('aria-busy');
  setCartCount(cart.lines.length);
  const isEmpty = cart.lines.length === 0;
  filled.hidden = isEmpty;
  state.hidden = !isEmpty;
  if (isEmpty) showNothing();
  drawCart(cart);
  if (!isEmpty) showSums(cart);
}

function showSums(cart) {
  fill(sums, totalsList(cart.totals));
  drawSums(cart);
}

/** Takes sums and codes over from the answer to a change, and tells the other tabs; earlier messages are answered by it. */
export function take(answer) {
  said.replaceChildren();
  Object.assign(desk.cart, { totals: answer.cart_totals_data, codes: codesOf(answer) });
  if (desk.cart.lines.length) showSums(desk.cart);
  tellTabs('cart');
}

function showNothing() {
  empty(state, { title: 'Your cart is empty', text: 'Have a look at what we make for your desk.', link: '/products', label: 'See the products' });
  visitor().then(({ loggedIn }) => {
    if (!loggedIn) state.firstElementChild.append(h('p', { className: 'muted' }, 'Did you leave something in the cart of your account? ', h('a', { href: loginAddress('cart') }, 'Log in'), '.'));
  }, () => {});
}

/** Reads and shows the cart for the first time; a failure takes its place. */
export function open() {
  return inTurn(async () => {
    try {
      show(await loadCart());
    } catch (error) {
      filled.hidden = true;
      state.hidden = false;
      body.removeAttribute('aria-busy');
      failure(state, error, () => { loading(state, 'Loading your cart'); open(); });
    }
  });
}

let coming = null;

/** Reads the cart again; true when it could be read. What is shown stays until then, and after a failure. */
export function refresh() {
  coming ??= inTurn(async () => {
    coming = null;
    try {
      show(await loadCart({ again: true }));
      said.querySelector('[data-about="refresh"]')?.remove();
      return true;
    } catch (error) {
      offerRefresh(error);
      return false;
    }
  });
  return coming;
}

function offerRefresh(error) {
  if (!(error instanceof ApiFailure)) console.error(error);
  const again = h('button', { className: 'button button--quiet', type: 'button' }, 'Try again');
  again.addEventListener('click', async () => {
    again.setAttribute('aria-busy', 'true');
    if (await refresh()) focusOn(document.querySelector('#cart-title'));
  });
  const message = notice('problem', h('p', {}, `${inWords(error)} What you see of your cart may be old.`), h('p', {}, again));
  message.dataset.about = 'refresh';
  fill(said, message);
}

/** Says something above the cart. */
export function say(kind, ...children) {
  fill(said, notice(kind, h('p', {}, children)));
}

/** A change found another cart than the one that is shown: shows what there is now, and says so. */
export async function changedElsewhere() {
  desk.failures += 1;
  const before = await visitor().catch(() => null);
  if (!await refresh()) return;
  const now = await refreshVisitor().catch(() => before);
  if (before?.loggedIn && !now.loggedIn) {
    say('warning', 'You are not logged in any more. What you put into the cart is kept with your account: ', h('a', { href: loginAddress('cart') }, 'log in'), ' to go on.');
  } else {
    say('warning', 'Your cart was changed elsewhere, perhaps in another tab. This is how it is now.');
  }
}

/** A change without an answer: reports it. Nobody knows whether it was made, so the cart is read again. */
export function lost(id, error) {
  desk.failures += 1;
  if (error instanceof VisitorChanged) {
    fill(said, h('div'));
    failure(said.firstElementChild, error);
    return;
  }
  if (!(error instanceof ApiFailure)) console.error(error);
  ajaxError(id);
  if (mayHaveHappened(error)) refresh();
}

/** Whether a change that failed so may have been made all the same. */
export const mayHaveHappened = (error) => !(error instanceof VisitorChanged) && error.kind !== 'busy' && error.kind !== 'refused';
