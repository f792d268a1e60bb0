// The parts of an order as elements: what became of it, its goods, sums, addresses and payment (contract order.md 3.5).

import { moment } from '../date.js';
import { codeInWords } from '../discount.js';
import { h } from '../element.js';
import { lineAddress, readOnlyLine } from '../line.js';
import { cents, fromCents, money } from '../money.js';
import { plain } from '../prose.js';
import { totalsList } from '../totals.js';

/** An order's data, drawn. */
export function orderContent(order) {
  const { identifier, order_date_time: placed } = order.order_attributes;
  return [
    h('p', { className: 'lead order__number' }, 'Order ', h('strong', { id: 'order-identifier' }, identifier), `, placed ${moment(placed)}`),
    h('div', { className: 'checkout' },
      h('div', { className: 'stack order__main' }, statuses(order), goods(order)),
      h('div', { className: 'stack order__side' }, sums(order), shipping(order), payment(order))),
  ];
}

// A part with its heading.
function part(id, title, ...content) {
  return h('section', { className: 'stack order__part', 'aria-labelledby': `order-${id}-title` }, h('h2', { id: `order-${id}-title` }, title), content);
}

const card = (...content) => {
  const made = part(...content);
  made.classList.add('card');
  return made;
};

function statuses({ order_statuses: statuses }) {
  const listed = Object.values(statuses ?? {});
  if (listed.length === 0) return null;
  return part('status', 'Status', h('ol', { className: 'order__statuses', id: 'order-statuses', role: 'list' }, listed.map(({ title, description, created_date_time: at }) => h('li', {},
    h('p', {}, h('strong', {}, title)),
    description && h('p', {}, plain(description)),
    h('p', { className: 'muted' }, moment(at))))));
}

function goods({ order_items: items, order_attributes: { identifier } }) {
  const lines = Object.values(items.product_sku_data ?? {});
  const link = (line) => lineAddress(line, { referrer: 'order', order_identifier: identifier });
  return part('goods', 'Goods', h('ul', { className: 'lines', id: 'order-lines', role: 'list' }, lines.map((line) => readOnlyLine(line, { link: link(line) }))));
}

function sums({ order_totals: totals, order_attributes: { sales_tax_amt: tax }, order_discount_codes: codes }) {
  const saved = cents(totals.item_discount ?? 0) + cents(totals.shipping_discount ?? 0);
  return card('sums', 'What it came to',
    totalsList(totals, 'order_total', { tax }),
    saved > 0 && h('p', { className: 'order__saved' }, `You saved ${money(fromCents(saved))}.`),
    discountCodes(Object.values(codes ?? {})));
}

function discountCodes(codes) {
  if (codes.length === 0) return null;
  return h('dl', { className: 'facts', id: 'order-codes' }, h('dt', {}, codes.length > 1 ? 'Codes' : 'Code'), codes.map((code) => h('dd', {},
    h('strong', {}, code.code), ` ${codeInWords(code)}`, !code.discount_applied && h('span', { className: 'muted' }, ' Not applied.'))));
}

function shipping({ order_shipping_method: method, order_shipping_address: address }) {
  return card('shipping', 'Shipping',
    h('dl', { className: 'facts' },
      method.carrier && fact('Carrier', method.carrier),
      method.tracking_number && fact('Tracking', tracking(method)),
      fact('To', addressText(address))));
}

function tracking({ tracking_number: number, tracking_url: address }) {
  return /^https?:\/\//.test(address ?? '') ? h('a', { href: address, rel: 'noopener' }, number) : number;
}

function payment({ order_payment_info: paid, order_billing_address: address }) {
  return card('payment', 'Payment',
    h('dl', { className: 'facts' },
      fact('Paid by', paymentText(paid)),
      fact('Billed to', addressText(address)),
      paid.email && fact('Receipt to', paid.email)),
    h('p', { className: 'muted' }, 'With this order you agreed to our ', h('a', { href: '/terms-of-sale' }, 'terms of sale'), '.'));
}

function paymentText({ card_brand: brand, card_last4: last, card_exp_month: month, card_exp_year: year, payment_type: type }) {
  if (!brand || !last) return capital(type || 'Card');
  const expiry = month && year ? `, expires ${month}/${year}` : '';
  return `${capital(brand)} ending in ${last}${expiry}`;
}

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

const fact = (name, content) => [h('dt', {}, name), h('dd', {}, content)];

function addressText({ name, address_line1: street, city, state, zip, country }) {
  const place = [city, [state, zip].filter(Boolean).join(' ')].filter(Boolean).join(', ');
  const rows = [name, street, place, country].filter(Boolean);
  return rows.length > 0 ? rows.map((row) => h('span', { className: 'order__row' }, row)) : 'Not given';
}
