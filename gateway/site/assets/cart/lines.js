// The rows of the cart, kept by article: a row that stays keeps its box, and the focus in it.

import { focusOn } from '../element.js';
import { lineName } from '../line.js';
import { cartRow } from './row.js';

const list = document.querySelector('#cart-lines');
const rows = new Map();

/** Draws the lines of a cart. actions are those of cartRow. */
export function showLines(lines, actions) {
  const held = list.contains(document.activeElement);
  for (const [sku, row] of rows) if (!lines.some((line) => line.sku_id === sku)) drop(sku, row);
  for (const child of list.querySelectorAll(':scope > [aria-hidden]')) child.remove(); // what stood there while it loaded
  for (const line of lines) {
    const name = lineName(line, lines);
    const row = rows.get(line.sku_id);
    if (row) row.update(line, name);
    else add(line, name, actions);
  }
  if (held && !list.contains(document.activeElement)) focusOnGoods();
}

function add(line, name, actions) {
  const row = cartRow(line, name, actions);
  rows.set(line.sku_id, row);
  list.append(row.element);
}

function drop(sku, row) {
  row.box.forget();
  rows.delete(sku);
  row.element.remove();
}

/** Puts something else in the place of a row and moves the focus to the row after it, or before it, or to the heading. */
export function replaceRow(row, other) {
  const sku = row.line().sku_id;
  const all = [...rows.keys()];
  const neighbour = rows.get(all[all.indexOf(sku) + 1] ?? all[all.indexOf(sku) - 1]);
  const heldFocus = row.element.contains(document.activeElement) || document.activeElement === document.body;
  row.element.before(other);
  drop(sku, row);
  if (!heldFocus) return;
  if (neighbour) neighbour.focus();
  else focusOnGoods();
}

/** Moves the focus to the heading above the rows, or to the page's when there are none. */
export function focusOnGoods() {
  const title = document.querySelector('#cart-goods-title');
  focusOn(title.checkVisibility() ? title : document.querySelector('#cart-title'));
}

/** Sends what is typed and not sent yet. */
export function flushLines() {
  for (const { box } of rows.values()) box.flush();
}

/** Moves the focus to a box with something that cannot be ordered; false when there is none. */
export function focusOnInvalid() {
  const row = [...rows.values()].find(({ box }) => box.isInvalid());
  row?.box.focus();
  return Boolean(row);
}
