// Discount codes of a cart or an order, in words (contract order.md 3.4, 5.6).

import { cents, money } from './money.js';
import { plain } from './prose.js';

/** What a code is for, as its owner wrote it, with the amount in the place of {}: "10% off this week". */
export function codeInWords({ description, discount_amount: amount }) {
  return plain(description).replaceAll('{}', String(amount ?? '').replace(/\.00$/, ''));
}

/**
 * Why a code of the cart takes nothing off, '' when it does. codes are all of the cart, itemSubtotal is what its goods cost:
 * one code counts for the goods, one for the shipping.
 */
export function whyNotApplied(code, codes, itemSubtotal) {
  if (code.discount_applied) return '';
  if (cents(itemSubtotal) < cents(code.order_minimum)) return `Not applied: it takes goods for ${money(code.order_minimum)} or more.`;
  const other = codes.find((each) => each.discount_applied && each.discounttype__applies_to === code.discounttype__applies_to);
  if (other) return `Not applied: it cannot be combined with ${other.code}.`;
  if (code.discounttype__applies_to === 'shipping') return 'Not applied: it is not for the shipping method that you have chosen.';
  return 'Not applied: it takes nothing off this cart.';
}
