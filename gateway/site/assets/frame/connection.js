// Says when the browser has lost its connection, and when it is back.

import { announce } from '../element.js';

const bar = document.querySelector('#connection');

/** Watches the connection. */
export function startConnectionNotice() {
  window.addEventListener('offline', show);
  window.addEventListener('online', hide);
  if (navigator.onLine === false) show();
}

function show() {
  bar.textContent = 'You are offline. What you see may be old; nothing can be sent until the connection is back.';
  bar.hidden = false;
}

function hide() {
  bar.hidden = true;
  announce('The connection is back.');
}
