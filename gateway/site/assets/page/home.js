// The home page: the first goods of the catalogue below what is said about the shop.

import { get } from '../api.js';
import { fill, focusOn, h } from '../element.js';
import { ajaxError } from '../event.js';
import { productCard } from '../product-card.js';
import { drawing } from '../ready.js';

const done = drawing('page');
const section = document.querySelector('#home-products');
const list = document.querySelector('#home-products-list');

/** As many as the page keeps room for before they come. */
const shown = 3;

async function start() {
  await load();
  section.removeAttribute('aria-busy');
  done();
}

async function load() {
  try {
    const { products_data: products } = await get('/order/products');
    const first = Object.values(products).slice(0, shown);
    fill(list, first.length ? cards(first) : quiet('The shelf is empty at the moment. Please come back soon.'));
  } catch {
    ajaxError('products');
    const retry = h('button', { className: 'link-button', type: 'button', on: { click: again } }, 'Try again');
    fill(list, quiet('Our products cannot be shown here at the moment. ', retry));
  }
}

async function again(event) {
  if (section.ariaBusy === 'true') return;
  section.ariaBusy = 'true';
  event.currentTarget.setAttribute('aria-disabled', 'true');
  await load();
  section.removeAttribute('aria-busy');
  focusOn(document.querySelector('#home-products-title'));
}

const cards = (products) => h('div', { className: 'shelf' }, products.map((product) => productCard(product, { heading: 'h3' })));

// The page is good without them, so nothing shouts.
const quiet = (...children) => h('p', { className: 'muted', role: 'status' }, children);

start();
