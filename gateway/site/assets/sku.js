// What a product is sold in: its SKUs, what they differ in, and the list to choose one from.

import { h } from './element.js';
import { money } from './money.js';
import { plain } from './prose.js';
import { stockTag } from './stock.js';

/** The SKUs of a product as {id, size, color, text, price, isForSale, stock: {identifier, title, text}, images}, the first one first. */
export function skusOf({ skus }) {
  return Object.entries(skus ?? {}).map(([id, sku]) => ({
    id, size: sku.size ?? '', color: sku.color ?? '', text: plain(sku.description), price: sku.price,
    isForSale: sku.inventory_status_identifier === 'in-stock' && Boolean(sku.price),
    stock: {
      identifier: sku.inventory_status_identifier, title: sku.inventory_status_title ?? '', text: sku.inventory_status_description ?? '',
    },
    images: sku.sku_images,
  }));
}

const differ = (skus, name) => new Set(skus.map((sku) => sku[name])).size > 1;

/** What SKUs differ in, for the title of their list, and the name of each one. */
export function differenceOf(skus) {
  const [size, color] = [differ(skus, 'size'), differ(skus, 'color')];
  if (size && color) return { title: 'Size and color', nameOf: (sku) => [sku.size, sku.color].filter(Boolean).join(', ') };
  if (size) return { title: 'Size', nameOf: (sku) => sku.size };
  if (color) return { title: 'Color', nameOf: (sku) => sku.color };
  return { title: 'Options', nameOf: () => '' };
}

/** The list to choose from; the first SKU is chosen. onChoose is called with every other choice. */
export function skuList(skus, onChoose) {
  const { title, nameOf } = differenceOf(skus);
  return h('fieldset', { className: 'choices', id: 'sku-table' }, h('legend', {}, title),
    skus.map((sku, index) => option(sku, nameOf(sku) || sku.text || `Option ${index + 1}`, index === 0, onChoose)));
}

function option(sku, name, checked, onChoose) {
  const id = `sku-${sku.id}`;
  const input = h('input', { type: 'radio', name: 'sku_id', id, value: sku.id, checked, on: { change: () => onChoose(sku) } });
  return h('label', { className: 'choice option', for: id }, input,
    h('span', { className: `option__name ${sku.text === name ? 'option__name--text' : ''}` }, name),
    h('span', { className: 'option__price price' }, sku.price ? money(sku.price) : ''),
    h('span', { className: 'option__text muted' }, sku.text === name ? '' : sku.text),
    h('span', { className: 'option__stock' }, stockTag(sku.stock.identifier, sku.stock.title)));
}
