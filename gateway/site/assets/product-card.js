// A product among others: picture, title, a line about it and its price, all leading to its page.

import { h } from './element.js';
import { priceRange } from './money.js';
import { picture } from './picture.js';
import { plain } from './prose.js';

/** The address of a product's page; the id finds it, the name is for people (contract storefront.md 9). */
export function productAddress({ title_url: name, identifier: id }) {
  return `/product?${new URLSearchParams({ name: name ?? '', id })}`;
}

/**
 * The card of a product of GET /order/products. heading is the tag of its title, by the page's order of headings; eager for
 * cards that are seen without scrolling.
 */
export function productCard(product, { heading = 'h2', eager = false } = {}) {
  const headline = plain(product.headline);
  return h('article', { className: 'card card--link' },
    h('div', { className: 'card__media' }, picture(product.product_image_url, { sizes: '(min-width: 60rem) 20rem, (min-width: 40rem) 45vw, 92vw', eager })),
    h(heading, { className: 'card__title' }, h('a', { href: productAddress(product) }, product.title)),
    headline && h('p', {}, headline),
    h('p', { className: 'price' }, price(product)));
}

// A product whose pieces have no price yet is shown without one.
function price({ price_low: low, price_high: high }) {
  return low && high ? priceRange(low, high) : 'Price on its page';
}
