// Reading the cart: everything that the page shows, in one object.

import { get } from '../api.js';
import { ajaxError } from '../event.js';

/**
 * The visitor's cart: {lines, methods, chosen, codes, totals}, all as the API writes them; without lines and with totals
 * null when there is none. The totals are asked for last, since a cart's first shipping method is chosen by asking for the
 * methods (contract order.md 4.5). again: for the reports, not the first time on this page. Rejects with ApiFailure.
 */
export async function loadCart({ again = false } = {}) {
  const [items, shipping, discounts] = await Promise.all([
    reported('/order/cart-items', 'cart-items'),
    reported('/order/cart-shipping-methods', 'cart-shipping-methods'),
    reported('/order/cart-discount-codes', 'cart-discount-codes'),
  ]);
  const lines = Object.values(items.item_data?.product_sku_data ?? {});
  const read = { lines, methods: methodsOf(shipping), chosen: shipping.shipping_method_selected, codes: codesOf(discounts), totals: null };
  if (!items.cart_found || lines.length === 0) return { ...read, lines: [] };
  const { cart_totals_data: totals } = await reported('/order/cart-totals', again ? 'cart-totals-reload' : 'cart-totals');
  return { ...read, totals };
}

async function reported(path, id) {
  try {
    return await get(path);
  } catch (failure) {
    ajaxError(id);
    throw failure;
  }
}

/** The shipping methods of an answer, in its order. */
export const methodsOf = (answer) => Object.values(answer.cart_shipping_methods ?? {});

/** The discount codes of an answer. */
export const codesOf = (answer) => Object.values(answer.discount_code_data ?? {});
