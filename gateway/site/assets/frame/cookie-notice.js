// The cookie notice of visitors who have not agreed yet. It lies over the end of the page, which keeps room for it.

import { hasAgreed, rememberAgreement } from '../cookie.js';
import { announce } from '../element.js';

const bar = document.querySelector('#footer-fixed');

let isStarted = false;

/** Shows the notice unless the visitor has agreed. */
export function startCookieNotice() {
  if (isStarted || hasAgreed()) return;
  isStarted = true;
  bar.hidden = false;
  keepRoom();
  new ResizeObserver(keepRoom).observe(bar);
  window.addEventListener('resize', keepRoom);
  document.querySelector('#footer-fixed-action-link').addEventListener('click', accept);
}

/** Takes the notice away: members are asked about the terms instead. */
export function endCookieNotice() {
  if (!isStarted) return;
  bar.hidden = true;
  keepRoom();
}

function keepRoom() {
  const isInTheWay = !bar.hidden && window.getComputedStyle(bar).position === 'fixed'; // in low windows it stands at the end of the page
  document.documentElement.style.setProperty('--notice-height', isInTheWay ? `${bar.offsetHeight}px` : '0px');
}

function accept() {
  rememberAgreement();
  bar.hidden = true;
  document.querySelector('#main').focus({ preventScroll: true }); // the button that had it is gone
  keepRoom();
  announce('Thank you. The notice is closed.');
  if (!hasAgreed()) announce('Your browser keeps no cookies for this shop, so the notice will come back.');
}
