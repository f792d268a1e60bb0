// The header: its menu, who is signed in, and how much is in the cart.

import { get } from '../api.js';
import { go } from '../address.js';
import { ajaxError } from '../event.js';
import { setCartCount } from '../badge.js';
import { h } from '../element.js';
import { inWords } from '../state.js';
import { tellTabs } from '../visitor.js';

const button = document.querySelector('#hamburger-menu-open');
const menu = document.querySelector('#header-menu');

/** Makes the menu open and close. */
export function startHeader() {
  button.addEventListener('click', () => setOpen(menu.hidden));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || menu.hidden) return;
    setOpen(false);
    button.focus();
  });
  document.addEventListener('click', (event) => { if (!event.target.closest('#header-menu, #hamburger-menu-open')) setOpen(false); });
  menu.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !event.relatedTarget.closest('#header-menu, #hamburger-menu-open')) setOpen(false);
  });
}

function setOpen(open) {
  menu.hidden = !open;
  button.setAttribute('aria-expanded', String(open));
}

/** Shows the visitor: initials, login or logout, rows in the cart. */
export function showVisitor(found) {
  setCartCount(found.cartItemCount);
  const account = document.querySelector('#header-account');
  const initials = document.querySelector('#header-account-initials');
  initials.textContent = found.initials;
  initials.hidden = !found.initials;
  account.setAttribute('aria-label', found.loggedIn ? accountName(found) : 'Account: log in');
  const login = document.querySelector('#menu-login-link')?.closest('li');
  if (login) login.hidden = found.loggedIn;
  document.querySelector('#menu-logout')?.remove();
  if (found.loggedIn) menu.querySelector('ul').append(logoutEntry());
}

// Holds what is seen (WCAG 2.5.3).
const accountName = ({ initials, firstName }) => `${initials && `${initials}, `}account of ${firstName || 'you'}`;

function logoutEntry() {
  const out = h('button', { id: 'menu-logout-link', className: 'menu-item-expanded', type: 'button', on: { click: () => logOut(out) } }, 'Logout');
  return h('li', { id: 'menu-logout' }, out);
}

/** Logs out and leads to the login; out is the button that was pressed, say(text) tells that it failed. */
export async function logOut(out, say = sayInHeader) {
  if (out.getAttribute('aria-disabled') === 'true') return;
  out.setAttribute('aria-disabled', 'true'); // it keeps the focus
  try {
    await get('/user/logout');
    tellTabs('visitor');
    try { sessionStorage.clear(); } catch { /* nothing was kept */ }
    go('/login', { replace: true });
  } catch (failure) {
    ajaxError('index-logout');
    out.removeAttribute('aria-disabled');
    say(`You are still logged in. ${inWords(failure)}`);
  }
}

function sayInHeader(text) {
  const place = document.querySelector('#header-error');
  place.textContent = text;
  place.hidden = false;
}
