// The cookie notice of visitors who have not agreed yet. It lies over the end of the page, which keeps room for it.

import { hasAgreed, rememberAgreement } from '../cookie.js';
import { announce } from '../element.js';

const bar = document.querySelector('#footer-fixed');

/** Shows the notice unless the visitor has agreed. */
export function startCookieNotice() {
  if (hasAgreed()) return;
  bar.hidden = false;
  keepRoom();
  new ResizeObserver(keepRoom).observe(bar);
  document.querySelector('#footer-fixed-action-link').addEventListener('click', accept);
}

function keepRoom() {
  document.documentElement.style.setProperty('--notice-height', bar.hidden ? '0px' : `${bar.offsetHeight}px`);
}

function accept() {
  rememberAgreement();
  bar.hidden = true;
  keepRoom();
  announce('Thank you. The notice is closed.');
  if (!hasAgreed()) announce('Your browser keeps no cookies for this shop, so the notice will come back.');
}
