// What is in stock, as the shop says it: a word, with a sign for quick eyes.

import { h } from './element.js';

const signs = { 'in-stock': 'tag--ok', 'back-ordered': 'tag--wait' };

/** The word for a status of the stock (contract order.md 3.1), with the sign of its identifier: all others cannot be had. */
export function stockTag(identifier, word) {
  return h('span', { className: `tag ${signs[identifier] ?? 'tag--gone'}` }, word);
}
