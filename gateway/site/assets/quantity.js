// How many: a box for a number between a button for one less and one for one more, and what such a number may be.

import { announce, h, icon } from './element.js';

/** The most pieces of one SKU that can be added, and that a cart holds (contract order.md 4.7). */
export const most = 99;

/** Reads what was entered: {quantity}, or {problem} in words; neither when there is nothing. least is the least it may be. */
export function readQuantity(text, least) {
  const entered = text.trim();
  if (entered === '') return {};
  if (/^0*\d{1,2}$/.test(entered) && Number(entered) >= least) return { quantity: Number(entered) };
  if (/^[-+−]?\d+$/.test(entered)) return { problem: `You can order ${least} to ${most} of each.` };
  if (/^\d+[.,]\d*$/.test(entered)) return { problem: `Only whole pieces, please: ${least} to ${most}.` };
  return { problem: `Please use the digits 0 to 9 for a number from ${least} to ${most}.` };
}

/**
 * Puts an input between a minus and a plus; the arrow keys do the same. A step is told like an input of the keyboard, as an
 * event "input", and to moved(quantity). base() is what a step begins with when the box holds no number.
 * Gives {element, rename({less, more}) for the buttons' labels, showLimits() for after the value was set by a script}.
 */
export function stepper(input, { least, base, moved = () => {} }) {
  const [less, more] = [stepButton('minus', () => move(-1)), stepButton('plus', () => move(1))];
  function move(by) {
    const { quantity } = readQuantity(input.value, least);
    const next = Math.min(most, Math.max(least, (quantity ?? base()) + by));
    if (next === quantity) return;
    input.value = String(next);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    moved(next);
  }
  // At an end the button stays in reach of the keyboard and does nothing.
  function showLimits() {
    const { quantity } = readQuantity(input.value, least);
    less.setAttribute('aria-disabled', String(quantity === least));
    more.setAttribute('aria-disabled', String(quantity === most));
  }
  input.classList.add('stepper__box');
  input.addEventListener('input', showLimits);
  input.addEventListener('keydown', (event) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    move(step);
  });
  showLimits();
  return {
    element: h('div', { className: 'stepper' }, less, input, more),
    rename: (labels) => { less.setAttribute('aria-label', labels.less); more.setAttribute('aria-label', labels.more); },
    showLimits,
  };
}

function stepButton(drawing, step) {
  return h('button', { className: 'stepper__button', type: 'button', on: { click: step } }, icon(drawing));
}

/** The fewest pieces that can be added to a cart. */
const fewest = 1;

/** What is wrong with a quantity to be added, in words. */
export function quantityProblems(text) {
  const { quantity, problem = 'Please say how many.' } = readQuantity(text, fewest);
  return quantity === undefined ? [problem] : [];
}

/** The field of a form that says how many are added. */
export function quantityField({ id, label = 'Quantity' }) {
  const input = h('input', {
    id, name: 'quantity', value: String(fewest), inputMode: 'numeric', autocomplete: 'off', enterKeyHint: 'done', 'aria-describedby': `${id}-rule`,
  });
  const box = stepper(input, { least: fewest, base: () => 0, moved: (quantity) => announce(`Quantity ${quantity}`) });
  box.rename({ less: 'One less', more: 'One more' });
  return h('div', { className: 'field', dataset: { field: 'quantity' } },
    h('label', { for: id }, label),
    box.element,
    h('p', { className: 'field__hint', id: `${id}-rule` }, `${fewest} to ${most}`),
    h('ul', { className: 'field__problems', hidden: true }));
}
