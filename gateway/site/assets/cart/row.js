// A row of the cart: the goods, how many, what they cost together, and a way out.

import { fill, h, icon } from '../element.js';
import { lineAddress, linePicture, lineText, priceOfOne, priceTag } from '../line.js';
import { money, times } from '../money.js';
import { quantityBox } from './quantity.js';

/**
 * A row for a line. send(line, take) brings a quantity to the server (see quantityBox), remove(line) takes the line out.
 * Gives {element, box, line(), update(line, name), subtotal(amount), busy(on), focus()}.
 */
export function cartRow(first, name, { send, remove }) {
  let line = first;
  const row = { ...parts(), line: () => line };
  row.box = quantityBox({ quantity: first.quantity, send: (take) => send(row, take) });
  row.removing.addEventListener('click', () => {
    if (row.removing.getAttribute('aria-disabled') !== 'true') remove(row);
  });
  row.update = (next, called) => {
    const before = line;
    line = next;
    draw(row, next, called, goods(before) !== goods(next));
  };
  row.subtotal = (amount) => fill(row.price, h('span', { className: 'line__label' }, 'Subtotal: '), money(amount));
  row.busy = (on) => row.removing.setAttribute('aria-disabled', String(on));
  row.focus = () => row.element.querySelector('.line__title a').focus();
  row.controls.prepend(row.box.element);
  row.controls.after(row.box.problem);
  draw(row, first, name, true);
  return row;
}

function parts() {
  const media = h('div', { className: 'line__media' });
  const text = h('div', { className: 'line__text' });
  const price = h('p', { className: 'line__price price' });
  const none = h('p', { className: 'line__none', hidden: true }, h('span', { className: 'tag tag--wait' }, 'Not ordered'), ' Choose a quantity, or remove it.');
  const removing = h('button', { className: 'link-button line__remove', type: 'button' }, icon('trash'), 'Remove');
  const controls = h('div', { className: 'line__controls cluster' }, removing);
  const element = h('li', { className: 'line line--cart' }, media, text, price, h('div', { className: 'line__foot' }, controls, none));
  return { element, media, text, price, none, removing, controls };
}

// What of a line is more than its quantity: the row is drawn again only when that has changed, so that no focus is lost.
const goods = (line) => JSON.stringify({ ...line, quantity: 0 });

function draw(row, line, name, isNew) {
  row.element.dataset.sku = line.sku_id;
  row.element.classList.toggle('line--none', line.quantity === 0);
  row.none.hidden = line.quantity !== 0;
  row.removing.setAttribute('aria-label', `Remove ${name}`);
  row.box.rename(name);
  row.box.update(line.quantity);
  row.subtotal(times(priceOfOne(line).now, line.quantity));
  if (!isNew) return;
  fill(row.media, [...linePicture(line).childNodes]);
  fill(row.text, lineText(line, { link: lineAddress(line, { referrer: 'cart' }) }), h('p', {}, priceTag(line)));
}
