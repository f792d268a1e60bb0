// When a page is done drawing: frame and page say so, tests and people's tools can see it on the document.

// Frame and page are modules of their own. Both have begun when the browser says that the document is there, not before: else a
// frame that is done first would speak for a page that has not begun.
const waiting = new Set(['document']);

if (document.readyState === 'complete') end('document');
else document.addEventListener('DOMContentLoaded', () => end('document'));

/**
 * Registers a part of the page that is still drawing, synchronously while its module loads; gives the function that says
 * it is done. Once all parts are, <html data-ready="true">.
 */
export function drawing(part) {
  waiting.add(part);
  return () => end(part);
}

function end(part) {
  waiting.delete(part);
  if (waiting.size === 0) document.documentElement.dataset.ready = 'true';
}
