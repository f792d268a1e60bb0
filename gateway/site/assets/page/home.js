// The home page: the first goods of the catalogue below what is said about the shop.

import { get } from '../api.js';
import { fill, h } from '../element.js';
import { ajaxError } from '../event.js';
import { productCard } from '../product-card.js';
import { drawing } from '../ready.js';

const done = drawing('page');
const section = document.querySelector('#home-products');
const list = document.querySelector('#home-products-list');

/** As many as the page keeps room for before they come. */
const shown = 3;

async function start() {
  try {
    const { products_data: products } = await get('/order/products');
    const first = Object.values(products).slice(0, shown);
    fill(list, first.length ? cards(first) : quiet('The shelf is empty at the moment. Please come back soon.'));
  } catch {
    ajaxError('products');
    fill(list, quiet('Our products cannot be shown here at the moment. The product list may work in a minute.'));
  }
  section.removeAttribute('aria-busy');
  done();
}

const cards = (products) => h('div', { className: 'shelf' }, products.map((product) => productCard(product, { heading: 'h3' })));

// The page is good without them, so nothing shouts.
const quiet = (text) => h('p', { className: 'muted', role: 'status' }, text);

start();
