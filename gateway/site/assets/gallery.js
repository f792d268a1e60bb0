// The pictures and videos of a product: one of them large, all of them small below it, each picture in full on request.

import { announce, fill, h, icon } from './element.js';
import { picture } from './picture.js';
import { videoAt, videoFrame } from './video.js';

/**
 * Everything to look at, each once: the product's pictures (main one first), those of its SKUs, then videos, newest first.
 * Each is {kind: 'picture', url, caption} or {kind: 'video', url, caption, frame, link}; url is the picture's.
 */
export function mediaOf({ product_images: images, product_videos: videos, skus }) {
  const pictures = [images, ...Object.values(skus ?? {}).map((sku) => sku.sku_images)].flatMap(picturesOf);
  const films = Object.values(videos ?? {}).reverse().map(film).filter(({ frame, link }) => frame || link);
  return [...new Map([...pictures, ...films].map((each) => [`${each.url} ${each.frame ?? each.link ?? ''}`, each])).values()];
}

/** The pictures of a product or SKU, the main one first, then by age. (Objects list such keys by number, whatever came first.) */
export function picturesOf(images) {
  const [mains, others] = [true, false].map((main) => Object.values(images ?? {}).filter((image) => Boolean(image.main) === main));
  return [...mains, ...others].filter(({ image_url: url }) => url).map(({ image_url: url, caption }) => ({ kind: 'picture', url, caption: caption ?? '' }));
}

function film({ video_url: address, video_thumbnail_url: url, caption }) {
  return { kind: 'video', url, caption: caption ?? '', ...videoAt(address) };
}

const wide = '(min-width: 60rem) 36rem, 94vw';

/** Draws the gallery of a product. Gives {element, show(url)}: show makes the picture at url the large one. */
export function gallery(media, title) {
  const main = h('figure', { className: 'gallery__main' });
  const thumbs = media.map((each, index) => thumb(each, `${index + 1}`, () => present(each)));
  const full = fullView();
  function present(each, { play = true } = {}) {
    fill(main, large(each, { title, play, onPlay: start, onFull: () => full.open(each, title) }), caption(each));
    thumbs.forEach((made, index) => made.setAttribute('aria-current', String(media[index] === each)));
  }
  function start() {
    present(media[0]);
    main.querySelector('iframe').focus();
  }
  if (media.length) present(media[0], { play: false });
  else fill(main, h('div', { className: 'gallery__picture' }, picture('', { alt: `There is no picture of ${title} yet`, eager: true })));
  return {
    element: h('div', { className: 'gallery' }, main,
      media.length > 1 && h('ul', { className: 'gallery__thumbs' }, thumbs.map((made) => h('li', {}, made))), full.element),
    show(url) {
      const found = media.find((each) => each.kind === 'picture' && each.url === url);
      if (found) present(found);
    },
  };
}

// It keeps its line also when it says nothing, so that nothing below moves.
const caption = (each) => h('figcaption', { className: 'gallery__caption' }, each.caption || '\u00a0');

function large(each, { title, play, onPlay, onFull }) {
  const what = each.caption || title;
  if (each.frame && play) return videoFrame(each.frame, what);
  const shown = picture(each.url, { alt: what, sizes: wide, eager: true });
  if (each.link) return visit(each, 'gallery__picture', shown);
  const label = each.frame ? `Play the video: ${what}` : `See the whole picture: ${what}`;
  return h('button', { className: 'gallery__picture', type: 'button', 'aria-label': label, on: { click: each.frame ? onPlay : onFull } },
    shown, each.frame && playSign());
}

function thumb(each, number, present) {
  const shown = picture(each.url, { sizes: '5rem' });
  const what = each.caption || number;
  if (each.link) return visit(each, 'gallery__thumb', shown);
  function choose() {
    present();
    announce(each.frame ? `Video: ${what}` : `Picture: ${what}`);
  }
  return h('button', { className: 'gallery__thumb', type: 'button', 'aria-label': each.frame ? `Play the video: ${what}` : `Show picture: ${what}`, on: { click: choose } },
    shown, each.frame && playSign());
}

// A video of a site that no frame may show.
function visit(each, className, shown) {
  return h('a', { className, href: each.link, target: '_blank', rel: 'noopener noreferrer', 'aria-label': `Watch the video on another site: ${each.caption || 'video'}` }, shown, playSign());
}

const playSign = () => h('span', { className: 'gallery__play' }, icon('play'));

function fullView() {
  const shown = h('div', { className: 'gallery__whole' });
  const text = h('p', { id: 'gallery-caption' });
  const close = h('button', { className: 'icon-button', type: 'button', 'aria-label': 'Close', on: { click: () => element.close() } }, icon('close'));
  const element = h('dialog', { className: 'dialog gallery__full', 'aria-labelledby': 'gallery-caption' },
    h('div', { className: 'dialog__head' }, text, close), shown);
  shown.addEventListener('click', () => element.close());
  return {
    element,
    open(each, title) {
      text.textContent = each.caption || title;
      fill(shown, picture(each.url, { alt: '', sizes: '100vw', eager: true }));
      element.showModal();
    },
  };
}
