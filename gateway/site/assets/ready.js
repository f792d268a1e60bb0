// When a page is done drawing: frame and page say so, tests and people's tools can see it on the document.

const waiting = new Set();

/**
 * Registers a part of the page that is still drawing, synchronously while its module loads; gives the function that says
 * it is done. Once all parts are, <html data-ready="true">.
 */
export function drawing(part) {
  waiting.add(part);
  return () => {
    waiting.delete(part);
    if (waiting.size === 0) document.documentElement.dataset.ready = 'true';
  };
}
