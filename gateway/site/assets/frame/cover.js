// What was drawn for a member, out of sight as long as nobody knows who is looking.

import { fill, h } from '../element.js';
import { inWords } from '../state.js';

const main = document.querySelector('#main');
const said = document.querySelector('#header-covered');

// Where a person's goods, orders or data stand. Everywhere else only the header is about them.
const isPersonal = /^\/(account|cart|checkout)(\/|$)/.test(location.pathname);

/** Where the focus was: what is out of sight loses it. */
let focused = null;

/** Whether the page's content is out of sight. */
export const isCovered = () => main.style.visibility === 'hidden';

/** Takes content that is a person's out of sight; it stays as it is. */
export function cover() {
  if (!isPersonal || isCovered()) return;
  focused = main.contains(document.activeElement) ? document.activeElement : null;
  main.style.visibility = 'hidden';
}

/** Shows it again, with the focus where it was. */
export function uncover() {
  if (!isCovered()) return;
  main.style.visibility = '';
  fill(said);
  said.hidden = true;
  if (document.activeElement === document.body) (focused ?? main).focus({ preventScroll: true });
}

/** Says why the content stays out of sight, with a button that tries again. */
export function sayCovered(failure, again) {
  if (!isCovered()) return;
  fill(said, h('p', {}, `${inWords(failure)} Your page is kept, and shown once the shop knows that it is still you.`),
    h('p', {}, h('button', { className: 'button button--quiet', type: 'button', on: { click: again } }, 'Try again')));
  said.hidden = false;
}
