// The page of one product.

import { get } from '../api.js';
import { code, parameter } from '../address.js';
import { buying } from '../buy.js';
import { fill, focusOn, h } from '../element.js';
import { ajaxError } from '../event.js';
import { gallery, mediaOf, picturesOf } from '../gallery.js';
import { plain, prose } from '../prose.js';
import { productAddress } from '../product-card.js';
import { drawing } from '../ready.js';
import { empty, failure } from '../state.js';

const done = drawing('page');
const place = document.querySelector('#product');
const title = document.querySelector('#product-title');
const id = code('id');

async function start() {
  showWayBack();
  if (/^[A-Za-z0-9]{10}$/.test(id)) {
    await load();
  } else {
    ajaxError('product-identifier-failed-validation-pattern', { forced: true });
    showNothing('The address of this page does not name a product. It may have been cut off on its way to you.');
  }
  done();
}

// Where the visitor came from (contract storefront.md 9); the checkout of the old shop wrote "/cart".
function showWayBack() {
  const link = document.querySelector('#product-back');
  const referrer = parameter('referrer').replace(/^\//, '');
  const order = code('order_identifier');
  if (referrer === 'cart') Object.assign(link, { href: '/cart', textContent: 'Your cart' });
  if (referrer === 'order' && order) Object.assign(link, { href: `/account/order?${new URLSearchParams({ identifier: order })}`, textContent: 'Your order' });
}

async function load() {
  try {
    const { product, product_data: data } = await get(`/order/product/${id}`);
    if (product === 'success') show(data);
    else notFound();
  } catch (error) {
    ajaxError('product-failed-to-load');
    failure(alone('Product'), error, again);
  }
}

async function again() {
  await load();
  focusOn(title);
}

function heading(text) {
  title.textContent = text;
  title.classList.remove('skeleton');
  return title;
}

// A page with nothing but a heading and what is then put into the box below it.
function alone(text) {
  const box = h('div');
  place.classList.add('product--nothing');
  fill(place, heading(text), box);
  return box;
}

function notFound() {
  ajaxError('product-failed-to-load');
  showNothing('We do not sell this product, or not any more.');
}

function showNothing(text) {
  document.querySelector('meta[name="robots"]')?.setAttribute('content', 'noindex');
  empty(alone('Product not found'), { title: 'Nothing to see here', text, link: '/products', label: 'See all products' });
}

function show(data) {
  document.title = data.title;
  correctAddress(data);
  place.classList.remove('product--nothing');
  const look = gallery(mediaOf(data), data.title);
  const headline = plain(data.headline);
  fill(place, look.element, h('div', { className: 'product__text stack' },
    heading(data.title),
    headline && h('p', { className: 'lead' }, headline),
    buying(data, { onChoose: (sku) => look.show(picturesOf(sku.images)[0]?.url), onGone: again }),
    about(data)));
}

function about({ description_part_1: first, description_part_2: second }) {
  const parts = [first, second].filter((part) => plain(part));
  return parts.length > 0 && h('section', { className: 'product__about stack', 'aria-labelledby': 'product-about' },
    h('h2', { id: 'product-about' }, 'About it'), parts.map((part) => h('div', { className: 'stack' }, prose(part))));
}

// Names in old links may be old; the id is what counts. Search engines are told the one address that is right.
function correctAddress(data) {
  const right = new URL(location.href);
  right.searchParams.set('name', data.title_url ?? '');
  right.searchParams.set('id', data.identifier);
  if (right.search !== location.search && (parameter('name') !== (data.title_url ?? '') || parameter('id') !== data.identifier)) history.replaceState(history.state, '', right);
  if (!document.querySelector('link[rel="canonical"]')) document.head.append(h('link', { rel: 'canonical', href: new URL(productAddress(data), location.origin).href }));
}

start();
