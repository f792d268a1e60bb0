// Buying a product: the choice among its SKUs, how many, and into the cart with them.

import { VisitorChanged, post } from './api.js';
import { setCartCount, countInWords } from './badge.js';
import { cookie } from './cookie.js';
import { announce, fill, fragment, h } from './element.js';
import { ajaxError } from './event.js';
import { controlForm } from './form.js';
import { money } from './money.js';
import { quantityField, quantityProblems } from './quantity.js';
import { skuList, skusOf } from './sku.js';
import { notice } from './state.js';
import { stockTag } from './stock.js';
import { refreshVisitor, startOver, tellTabs, visitor } from './visitor.js';

/**
 * Price, stock, choice and the way into the cart, as one element. onChoose(sku) is called with every choice but the first;
 * onGone() loads the product again when a SKU turns out to be sold no more.
 */
export function buying(product, { onChoose, onGone }) {
  const skus = skusOf(product);
  if (skus.length === 0) return notice('warning', h('p', {}, 'This product cannot be ordered at the moment.'), h('p', {}, h('a', { href: '/contact' }, 'Ask us about it')));
  const parts = draw(skus, choose);
  let chosen = skus[0];
  function choose(sku) {
    chosen = sku;
    showChoice(parts, sku);
    announce(`${sku.price ? `${money(sku.price)} each. ` : ''}${sku.stock.title}. ${sku.stock.text}`);
    onChoose(sku);
  }
  const control = controlForm(parts.form, {
    check: ({ quantity }) => check(parts, chosen, quantity),
    send: ({ quantity }) => add(chosen.id, quantity.trim()),
    done: (answer, { problems, say }) => {
      if (answer.cart_add_product_sku === 'success') added(parts, product.title, answer);
      else if (answer.hindrance) hindered(answer.hindrance, say);
      else refused(answer, { problems, say, onGone });
    },
    failed: () => ajaxError('product-add-to-cart'),
  });
  guardEnter(parts, control, () => chosen);
  showChoice(parts, chosen);
  return parts.element;
}

function draw(skus, choose) {
  const price = h('p', { className: 'product__price price', id: 'product-price' });
  const stock = h('p', { className: 'product__stock', id: 'product-stock' });
  const about = h('p', { className: 'muted' });
  const said = h('div', { id: 'product-said' });
  const button = h('button', { className: 'button', id: 'product-add-to-cart', 'aria-describedby': 'product-stock' });
  const quantity = quantityField({ id: 'product-quantity' });
  const form = h('form', { className: 'form buying', method: 'post', noValidate: true },
    skus.length > 1 && skuList(skus, choose),
    h('div', { className: 'form__summary', hidden: true }),
    h('div', { className: 'buying__row actions' }, quantity, button));
  const element = h('div', { className: 'stack' }, price, stock, skus.length === 1 && about, form, said);
  return { element, form, price, stock, about, button, said, input: quantity.querySelector('input') };
}

function showChoice({ price, stock, about, button, said }, sku) {
  fill(price, sku.price ? [money(sku.price), h('span', { className: 'muted' }, ' each')] : 'No price yet');
  fill(stock, stockTag(sku.stock.identifier, sku.stock.title), ' ', h('span', { className: 'muted' }, sku.stock.text));
  fill(about, [sku.size, sku.color, sku.text].filter(Boolean).join(' · '));
  about.hidden = about.textContent === '';
  fill(said);
  button.textContent = sku.isForSale ? 'Add to cart' : 'Not for sale right now';
  button.disabled = !sku.isForSale;
}

function check({ said }, chosen, quantity) {
  fill(said);
  return chosen.isForSale ? { quantity: quantityProblems(quantity) } : { stock: [notForSale(chosen)] };
}

const notForSale = (sku) => `This one cannot be ordered right now: ${sku.stock.title.toLowerCase() || 'it has no price yet'}.`;

// A browser sends no form whose button is off, so Enter would be met with silence.
function guardEnter({ input }, control, chosen) {
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || chosen().isForSale) return;
    event.preventDefault();
    control.say(notForSale(chosen()));
  });
}

const addPath = '/order/cart-add-product-sku';

/** What add gives when the browser keeps no cookies: the cart could not be found again. */
const withoutCookies = { hindrance: 'cookies' };

// A page that was drawn for one visitor puts nothing into another's cart (contract journeys D3).
async function add(sku, quantity) {
  if (!navigator.cookieEnabled) return withoutCookies;
  try {
    return await inTurn(() => post(addPath, { sku_id: sku, quantity }));
  } catch (failure) {
    if (failure instanceof VisitorChanged) return { hindrance: 'visitor' };
    if (failure.kind === 'refused' && !cookie('csrftoken')) return withoutCookies;
    if (failure.path === addPath && failure.kind in silences) return { hindrance: failure.kind };
    throw failure;
  }
}

// Failures that leave open whether it was added. Nobody should try again without looking: it would be twice as much then.
const silences = {
  offline: 'The shop cannot be reached.',
  timeout: 'The shop takes too long to answer.',
  broken: 'The shop has a problem.',
};

// A guest's first add makes the cart, and its answer the cookie that finds it again. Two tabs at once would make two, and
// one would be lost (contract journeys D4). A tab that sleeps in the middle of it is not waited for long.
async function inTurn(work) {
  let begun = false;
  const begin = () => {
    begun = true;
    return work();
  };
  try {
    return await (navigator.locks?.request('cart', { signal: AbortSignal.timeout(5000) }, begin) ?? begin());
  } catch (failure) {
    if (begun) throw failure;
    return begin();
  }
}

function added({ said }, title, { cart_item_count: count }) {
  setCartCount(count);
  visitor().then(() => setCartCount(count)).catch(() => {}); // the frame may still be drawing an older number
  tellTabs('cart');
  const text = `${title} is in your cart.`;
  fill(said, h('div', { className: 'notice notice--success' }, h('p', {}, h('strong', {}, text)),
    h('p', { className: 'cluster' }, h('a', { className: 'button', href: '/cart' }, 'Go to cart'), h('a', { href: '/products' }, 'Keep shopping'))));
  announce(`${text} ${countInWords(count)}.`);
}

const toCart = () => h('a', { href: '/cart' }, 'See what is in your cart');

function hindered(hindrance, say) {
  if (hindrance === 'cookies') {
    say(fragment('Your browser keeps no cookies for this shop, and without them there is no cart. Please allow cookies, then try again. ',
      'You can also order ', h('a', { href: '/contact' }, 'by phone or mail'), '.'));
    return;
  }
  if (hindrance === 'visitor') {
    say(fragment('You have signed in or out in another tab, so nothing was added. ',
      h('button', { className: 'link-button', type: 'button', on: { click: startOver } }, 'Load again'), ' to use the cart that you have now.'));
    return;
  }
  ajaxError('product-add-to-cart');
  say(fragment(`${silences[hindrance]} It may be in your cart already: please look before you add it once more. `, toCart()));
  refreshVisitor().then(({ cartItemCount }) => setCartCount(cartItemCount)).catch(() => {});
  tellTabs('cart');
}

function refused({ errors }, { problems, say, onGone }) {
  const word = errors?.quantity?.[0]?.[0]?.type ?? errors?.error;
  ajaxError(events[word] ?? 'add-to-cart-product-undefined');
  if (word === 'out_of_range') say(fragment('Nothing was added: a cart holds at most 99 of one kind, those that are in it included. ', toCart()));
  else if (word === 'not_an_int') problems({ quantity: ['Please give a whole number in the digits 0 to 9.'] });
  else if (word === 'sku-not-found') say(fragment('Nothing was added: this one has just sold out. ', h('button', { className: 'link-button', type: 'button', on: { click: onGone } }, 'See what is left')));
  else say('Nothing was added. Please load this page again, then try once more.');
}

const events = {
  out_of_range: 'add-to-cart-out-of-range',
  'sku-not-found': 'add-to-cart-sku-not-found',
  'sku-id-required': 'add-to-cart-sku-id-required',
};
