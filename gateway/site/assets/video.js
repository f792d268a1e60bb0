// Videos of products lie on other sites. Nothing is asked of those before a visitor starts one.

import { h } from './element.js';

const frames = [
  { host: /^(www\.|m\.)?(youtube|youtube-nocookie)\.com$/, id: ({ pathname, searchParams }) => /^\/(?:embed|shorts)\/([\w-]+)$/.exec(pathname)?.[1] ?? (pathname === '/watch' ? searchParams.get('v') : ''), source: youtube },
  { host: /^youtu\.be$/, id: ({ pathname }) => pathname.slice(1), source: youtube },
  { host: /^player\.vimeo\.com$/, id: ({ pathname }) => /^\/video\/(\d+)$/.exec(pathname)?.[1], source: vimeo },
  { host: /^(www\.)?vimeo\.com$/, id: ({ pathname }) => /^\/(\d+)$/.exec(pathname)?.[1], source: vimeo },
];

function youtube(id) {
  return `https://www.youtube-nocookie.com/embed/${encodeURIComponent(id)}?autoplay=1&rel=0`;
}

function vimeo(id, { searchParams }) {
  const secret = searchParams.get('h'); // unlisted videos have one
  return `https://player.vimeo.com/video/${id}?${new URLSearchParams({ autoplay: 1, dnt: 1, ...(secret && { h: secret }) })}`;
}

/**
 * Where a video plays: {frame} is the address for a frame, of a host that the pages' Content-Security-Policy lets in; {link}
 * is a site to be visited instead; neither for what is no address of the web.
 */
export function videoAt(address) {
  let target;
  try {
    target = new URL(address);
  } catch {
    return {};
  }
  if (!/^https?:$/.test(target.protocol)) return {};
  const known = frames.find(({ host }) => host.test(target.hostname));
  const id = known?.id(target);
  return /^[\w-]+$/.test(id ?? '') ? { frame: known.source(id, target) } : { link: target.href };
}

/** The frame in which a video plays, from the address that videoAt gave. It may run its own site's scripts and nothing else. */
export function videoFrame(source, title) {
  return h('iframe', {
    className: 'gallery__video', title,
    sandbox: 'allow-scripts allow-same-origin allow-presentation',
    allow: 'autoplay; fullscreen; picture-in-picture; encrypted-media',
    referrerPolicy: 'strict-origin-when-cross-origin', // players refuse to play for nobody
    src: source,
  });
}
