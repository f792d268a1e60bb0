// After a form whose answer is a mail: what happens next, and the way back to send once more.

import { focusOn } from './element.js';

/**
 * Shows a part of the page instead of the form that was sent. entered is shown where the part says data-entered; its button
 * [data-again] brings the form back with what was entered.
 */
export function showInstead(form, part, entered) {
  part.querySelector('[data-entered]').textContent = entered;
  part.querySelector('[data-again]').onclick = () => bringBack(form, part);
  form.hidden = true;
  part.hidden = false;
  focusOn(part);
}

function bringBack(form, part) {
  part.hidden = true;
  form.hidden = false;
  form.querySelector('input').focus();
}
