// What a place of a page shows when it has nothing to show yet, nothing at all, or a failure.

import { ApiFailure, VisitorChanged } from './api.js';
import { waitInWords } from './date.js';
import { fill, focusOn, h } from './element.js';

/** A waiting place: words for screen readers, a turning wheel for eyes. */
export function loading(place, text = 'Loading') {
  fill(place, h('p', { className: 'spinner', role: 'status' }, text));
  place.setAttribute('aria-busy', 'true');
}

/** What went wrong, for customers. */
export function inWords(error) {
  if (error instanceof VisitorChanged) return 'You have signed in or out in another tab. Load this page again to go on.';
  if (!(error instanceof ApiFailure)) return 'Something went wrong on this page. Please load it again.';
  switch (error.kind) {
    case 'offline': return 'The shop cannot be reached. Check your connection, then try again.';
    case 'timeout': return 'The shop takes too long to answer. Please try again.';
    case 'busy': return `That was tried too often. Please wait ${waitInWords(error.retryAfter)}, then try again.`;
    case 'refused': return 'The shop did not accept that. Load the page again; if it stays so, allow cookies for this shop.';
    default: return 'The shop has a problem. It is not your fault: please try again in a moment.';
  }
}

/** A message: kind is info, success, warning or problem. A problem is read out at once. */
export function notice(kind, ...children) {
  return h('div', { className: `notice notice--${kind}`, role: kind === 'problem' ? 'alert' : 'status' }, children);
}

/** Fills a place with what went wrong and a button that tries again. */
export function failure(place, error, retry) {
  if (!(error instanceof ApiFailure || error instanceof VisitorChanged)) console.error(error);
  const again = error instanceof VisitorChanged || !retry
    ? h('button', { className: 'button', type: 'button', on: { click: () => location.reload() } }, 'Load again')
    : h('button', { className: 'button', type: 'button', on: { click: () => tryAgain(place, retry) } }, 'Try again');
  const said = notice('problem', h('p', {}, inWords(error)), h('p', {}, again));
  fill(place, said);
  return said;
}

// The button that has the focus goes away, and often the place, too: the focus waits in it, then goes to the page's heading.
async function tryAgain(place, retry) {
  loading(place);
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
  await retry();
  const focused = document.activeElement;
  if (focused === document.body || !focused.checkVisibility()) focusOn(document.querySelector('h1'));
}

/** Fills a place that has nothing in it with a title, a text and a link on. */
export function empty(place, { title, text, link, label }) {
  fill(place, h('div', { className: 'empty' }, h('h2', {}, title), h('p', {}, text), link && h('p', {}, h('a', { className: 'button', href: link }, label))));
}

/** Shows a message at the top of a place and moves the focus there. */
export function sayFirst(place, message) {
  place.querySelector(':scope > .notice')?.remove();
  place.prepend(message);
  focusOn(message);
}
