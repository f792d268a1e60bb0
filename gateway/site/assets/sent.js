// After a form that has done its work: what happens next, in its place.

import { focusOn } from './element.js';

const doubleClick = 500; // milliseconds

/**
 * Shows a part of the page instead of a form and moves the focus there. At first it takes no clicks: they would be the second
 * half of a double click on the form's button.
 */
export function replaceForm(form, part) {
  form.hidden = true;
  part.hidden = false;
  part.style.pointerEvents = 'none';
  setTimeout(() => { part.style.pointerEvents = ''; }, doubleClick);
  focusOn(part);
}

/**
 * The same for a form whose answer is a mail. entered is shown where the part says data-entered; its button [data-again] brings
 * the form back with what was entered.
 */
export function tellSent(form, part, entered) {
  part.querySelector('[data-entered]').textContent = entered;
  part.querySelector('[data-again]').onclick = () => bringBack(form, part);
  replaceForm(form, part);
}

function bringBack(form, part) {
  part.hidden = true;
  form.hidden = false;
  form.querySelector('input').focus();
}
