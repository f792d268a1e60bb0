// How many: a field for a number with a button for one less and one for one more.

import { announce, h, icon } from './element.js';

/** The fewest and the most pieces of one SKU that can be added, and the most that a cart holds (contract order.md 4.7). */
export const fewest = 1;
export const most = 99;

/** The number that a text says in plain digits, spaces around it allowed; NaN when it says none. */
export function quantityIn(text) {
  return /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : NaN;
}

/** What is wrong with a quantity, in words. */
export function quantityProblems(text) {
  const number = quantityIn(text);
  if (text.trim() === '') return ['Please say how many.'];
  if (Number.isNaN(number)) return [`Please give a whole number in the digits 0 to 9, from ${fewest} to ${most}.`];
  if (number < fewest) return ['Please take at least one.'];
  return number > most ? [`Please take at most ${most} at a time. For more, write to us.`] : [];
}

/** The field with its two buttons. Inputs of the buttons are told like those of the keyboard. */
export function quantityField({ id, label = 'Quantity' }) {
  const input = h('input', {
    id, name: 'quantity', value: String(fewest), inputMode: 'numeric', autocomplete: 'off', enterKeyHint: 'done', 'aria-describedby': `${id}-rule`,
  });
  const less = stepButton(input, -1, 'One less', 'minus');
  const more = stepButton(input, 1, 'One more', 'plus');
  function bounds() {
    less.setAttribute('aria-disabled', String(quantityIn(input.value) <= fewest));
    more.setAttribute('aria-disabled', String(quantityIn(input.value) >= most));
  }
  input.addEventListener('input', bounds);
  bounds();
  return h('div', { className: 'field', dataset: { field: 'quantity' } },
    h('label', { for: id }, label),
    h('div', { className: 'quantity' }, less, input, more),
    h('p', { className: 'field__hint', id: `${id}-rule` }, `${fewest} to ${most}`),
    h('ul', { className: 'field__problems', hidden: true }));
}

function stepButton(input, by, label, sign) {
  return h('button', { className: 'quantity__step', type: 'button', 'aria-label': label, on: { click: () => step(input, by) } }, icon(sign));
}

function step(input, by) {
  const number = quantityIn(input.value);
  const next = Math.min(Math.max(Number.isNaN(number) ? fewest : number + by, fewest), most);
  input.value = String(next);
  input.dispatchEvent(new Event('input', { bubbles: true }));
  announce(`Quantity ${next}`);
}
