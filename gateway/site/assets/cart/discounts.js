// Discount codes: entering one, and those that the cart has with what each does.

import { codeInWords, whyNotApplied } from '../discount.js';
import { fill, focusOn, h } from '../element.js';
import { controlForm } from '../form.js';

const form = document.querySelector('#cart-discount-form');
const list = document.querySelector('#cart-discount-codes');

const refusals = {
  'discount-code-required': 'Please enter a code.',
  'cart-discount-code-not-found': 'There is no such code. Check the letters and digits.',
  'cart-discount-code-not-active': 'This code is not valid now: it is over, or has not begun.',
  'cart-discount-code-already-applied': 'This code is on your cart already.',
  'too-many-discount-codes': 'No more codes fit on this cart. Remove one first.',
};

/**
 * Makes the form work. send(code) puts a code on the cart and gives the API's answer; done(answer) is told of one that was
 * accepted, refused(reason) of one that was not, failed() of a call without an answer.
 */
export function startDiscounts({ send, done, refused, failed }) {
  const input = form.elements.code;
  input.addEventListener('input', () => raise(input));
  controlForm(form, {
    check, failed,
    send: ({ code }) => send(tidy(code)),
    done: (answer, control) => {
      if (answer.cart_apply_discount_code === 'success') {
        input.value = '';
        input.focus();
        done(answer);
        return;
      }
      const reason = answer.errors?.error;
      control.problems({ code: [refusals[reason] ?? 'This code was not accepted. Please try again.'] });
      refused(reason);
    },
  });
}

const tidy = (code) => code.trim().toUpperCase();

function check({ code }) {
  const entered = tidy(code);
  if (entered === '') return { code: [refusals['discount-code-required']] };
  if (entered.length > 100) return { code: ['This is too long for a code.'] };
  return { code: /^[A-Z0-9]+$/.test(entered) ? [] : ['Codes have only the letters A to Z and digits.'] };
}

// Codes have capital letters; whoever types small ones means the same. The caret stays where it is.
function raise(input) {
  const { value, selectionStart, selectionEnd } = input;
  const raised = value.toUpperCase();
  if (raised === value || raised.length !== value.length) return;
  input.value = raised;
  input.setSelectionRange(selectionStart, selectionEnd);
}

/** Draws the cart's codes; remove(code) takes one off. */
export function showDiscounts({ codes, totals }, remove) {
  forgetArrived(codes);
  list.hidden = codes.length === 0;
  fill(list, codes.map((code) => entry(code, whyNotApplied(code, codes, totals.item_subtotal), remove)));
}

// A code whose answer was lost, and that is on the cart all the same, needs no second try.
function forgetArrived(codes) {
  const summary = form.querySelector('.form__summary');
  if (summary.hidden || !codes.some(({ code }) => code === tidy(form.elements.code.value))) return;
  summary.hidden = true;
  form.elements.code.value = '';
}

function entry(code, why, remove) {
  const removing = h('button', { className: 'link-button', type: 'button', 'aria-label': `Remove the code ${code.code}` }, 'Remove');
  removing.addEventListener('click', () => {
    if (removing.getAttribute('aria-disabled') === 'true') return;
    removing.setAttribute('aria-disabled', 'true');
    remove(code, () => removing.removeAttribute('aria-disabled'));
  });
  return h('li', { className: 'code', dataset: { code: code.code } },
    h('div', { className: 'code__head' }, h('strong', {}, code.code), removing),
    h('p', {}, codeInWords(code)),
    why ? h('p', { className: 'muted' }, why) : h('p', {}, h('span', { className: 'tag tag--ok' }, 'Applied')));
}

/** Moves the focus to the heading of the codes: the box would open a phone's keyboard over what has changed. */
export function focusOnCodes() {
  focusOn(document.querySelector('#cart-discount-title'));
}
