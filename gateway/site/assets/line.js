// A row of goods in a cart, a checkout or an order: what the API calls a line (contract order.md 3.1).

import { h } from './element.js';
import { fromCents, money, times } from './money.js';
import { picture } from './picture.js';
import { stockTag } from './stock.js';

/** The address of a line's product page; further parameters, such as {referrer: 'cart'}, go along. */
export function lineAddress(line, further = {}) {
  return `/product?${new URLSearchParams({ name: line.parent_product__title_url ?? '', id: line.parent_product__identifier, ...further })}`;
}

/** The goods' name for labels and messages; with its description where another of the lines would have the same. */
export function lineName(line, among = []) {
  const short = shortName(line);
  const hasTwin = among.some((other) => other.sku_id !== line.sku_id && shortName(other) === short);
  return hasTwin && line.description ? `${short}, ${line.description}` : short;
}

const shortName = (line) => [line.parent_product__title, line.color, line.size].filter(Boolean).join(', ');

/** What one piece costs: {now, before}, before only when now is less. Both as the API writes money. */
export function priceOfOne(line) {
  if (!line.discount_applied) return { now: line.price, before: null };
  return { now: fromCents(line.discounted_price_cents), before: fromCents(line.original_price_cents) };
}

/** The price of one piece as customers read it, after the struck one where there is one. */
export function priceTag(line) {
  const { now, before } = priceOfOne(line);
  return h('span', { className: 'line__each' },
    before && [h('span', { className: 'visually-hidden' }, 'Price before: '), h('s', { className: 'price price--old' }, money(before)), ' '],
    before && h('span', { className: 'visually-hidden' }, 'Price now: '),
    h('span', {}, money(now)), ' each');
}

// Rows of an order carry no stock: what was bought was there.
function stock({ sku_inventory__identifier: identifier, sku_inventory__title: word }) {
  return identifier && h('p', {}, stockTag(identifier, word));
}

/** The line's picture; its title stands beside it. */
export function linePicture(line) {
  return h('div', { className: 'line__media' }, picture(line.sku_image_url, { sizes: '5rem' }));
}

/** Title (a link when link is an address), description, colour, size and stock; heading is the tag of the title. */
export function lineText(line, { link, heading = 'h3' } = {}) {
  const title = line.parent_product__title;
  const variant = [line.color && `Color: ${line.color}`, line.size && `Size: ${line.size}`].filter(Boolean);
  return [
    h(heading, { className: 'line__title' }, link ? h('a', { href: link }, title) : title),
    line.description && h('p', { className: 'line__description' }, line.description),
    variant.length > 0 && h('p', { className: 'muted' }, variant.join(' · ')),
    stock(line),
  ];
}

/** A row to read, as a list item for <ul class="lines">: goods, how many at what price, and what they cost together. */
export function readOnlyLine(line, { link, heading } = {}) {
  return h('li', { className: 'line', dataset: { sku: line.sku_id } },
    linePicture(line),
    h('div', { className: 'line__text' },
      lineText(line, { link, heading }),
      h('p', { className: 'line__quantity' }, `Quantity: ${line.quantity} · `, priceTag(line))),
    h('p', { className: 'line__price price' }, h('span', { className: 'visually-hidden' }, 'Subtotal: '), money(times(priceOfOne(line).now, line.quantity))));
}
