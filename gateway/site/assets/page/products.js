// The product list: a card for everything that the shop sells.

import { get } from '../api.js';
import { fill, focusOn, h } from '../element.js';
import { ajaxError } from '../event.js';
import { productCard } from '../product-card.js';
import { drawing } from '../ready.js';
import { empty, failure } from '../state.js';

const done = drawing('page');
const place = document.querySelector('#products');

/** So many cards are seen at once on a wide screen. */
const atOnce = 4;

async function start() {
  await load();
  done();
}

async function load() {
  try {
    const { products_data: products } = await get('/order/products');
    show(Object.values(products));
  } catch (error) {
    ajaxError('products');
    failure(place, error, again);
  }
}

async function again() {
  await load();
  focusOn(document.querySelector('h1'));
}

function show(products) {
  if (products.length === 0) {
    empty(place, { title: 'The shelf is empty', text: 'We are getting new goods. Please come back soon, or ask us what is on its way.', link: '/contact', label: 'Ask us' });
    return;
  }
  fill(place, h('div', { className: 'grid' }, products.map((product, index) => productCard(product, { eager: index < atOnce }))));
}

start();
