// Product pictures. Ours lie in three widths; others (/img from elsewhere in the catalogue) are taken as they are.

import { h } from './element.js';

const ours = /^\/img\/product\/[\w-]+\.jpg$/;

/**
 * A square picture. alt says what it shows, '' when the text beside it does; sizes is how wide it will be (the attribute's
 * form); eager for the one picture that a page is about. A missing picture becomes a drawing.
 */
export function picture(url, { alt = '', sizes = '100vw', eager = false, className } = {}) {
  const made = h('img', { className, alt, width: 1000, height: 1000, decoding: 'async', loading: eager ? 'eager' : 'lazy' });
  if (eager) made.fetchPriority = 'high';
  made.addEventListener('error', () => fallBack(made, url), { once: true });
  if (ours.test(url ?? '')) {
    const stem = url.slice(0, -'.jpg'.length);
    Object.assign(made, { sizes, srcset: `${stem}-320.jpg 320w, ${stem}-640.jpg 640w, ${url} 1000w` });
  }
  made.src = url || missing;
  return made;
}

const missing = '/img/missing.svg';

function fallBack(made, url) {
  if (made.srcset) { // a picture of ours that has no smaller sisters
    made.removeAttribute('srcset');
    made.addEventListener('error', () => { made.src = missing; }, { once: true });
    made.src = url;
    return;
  }
  if (!made.src.endsWith(missing)) made.src = missing;
}
