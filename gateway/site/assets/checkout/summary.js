// What would be ordered: goods, shipping, codes and sums, as the API says them at one moment.

import { get } from '../api.js';
import { ajaxError } from '../event.js';

// Every part with the event that tells of its failure (contract storefront.md 7; the codes are ours).
const parts = {
  allowed: ['/order/checkout-allowed', 'order-checkout-allowed'],
  items: ['/order/confirm-items', 'confirm-items'],
  shipping: ['/order/confirm-shipping-method', 'confirm-shipping-method'],
  codes: ['/order/confirm-discount-codes', 'confirm-discount-codes'],
  totals: ['/order/confirm-totals', 'confirm-totals'],
};

async function read(part, signal) {
  const [path, event] = parts[part];
  try {
    return await get(path, { signal });
  } catch (failure) {
    if (!signal?.aborted) ajaxError(event, { forced: part === 'allowed' });
    throw failure;
  }
}

/**
 * The summary: {allowed, lines, shipping, codes, totals}. allowed is false where the shop sells nothing to this visitor;
 * lines are the rows with at least one piece; shipping is null when none is chosen. Rejects with ApiFailure, or with the reason
 * of a signal that ends it.
 */
export async function readSummary(signal) {
  const answers = await readAll(signal);
  return summaryOf(isOneCart(answers) ? answers : await readAll(signal));
}

const readAll = (signal) => Promise.all(Object.keys(parts).map((part) => read(part, signal)));

// A cart that is paid or emptied in another tab between the questions would be there for some of the answers only.
const isOneCart = ([, ...ofCart]) => new Set(ofCart.map((part) => part.cart_found)).size === 1;

function summaryOf([allowed, items, shipping, codes, totals]) {
  if ([allowed, items, shipping, codes, totals].some((part) => part.checkout_allowed === false)) return { allowed: false, lines: [] };
  return {
    allowed: true,
    lines: Object.values(items.item_data.product_sku_data ?? {}).filter((line) => line.quantity > 0),
    shipping: shipping.confirm_shipping_method.identifier ? shipping.confirm_shipping_method : null,
    codes: Object.values(codes.discount_code_data ?? {}),
    totals: totals.confirm_totals_data,
  };
}

/** The rows that stand in the way of paying, because they are not in stock. */
export function missingLines({ lines }) {
  return lines.filter((line) => line.sku_inventory__identifier !== 'in-stock');
}

/** Whether an order by one summary would be an order by the other. */
export function isSameSummary(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
