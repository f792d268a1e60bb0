// Who is looking at the page, asked once per page, and what tabs tell each other about it.

import { get, guardVisitor } from './api.js';

let asked;

function read(answer) {
  return {
    loggedIn: answer.logged_in === true,
    id: String(answer.client_event_id),
    initials: answer.member_initials ?? '',
    firstName: answer.first_name ?? '',
    lastName: answer.last_name ?? '',
    email: answer.email_address ?? '',
    cartItemCount: answer.cart_item_count ?? 0,
    logClientEvents: answer.log_client_events === true,
  };
}

/**
 * The visitor: {loggedIn, id, initials, firstName, lastName, email, cartItemCount, logClientEvents}. Asked once per page;
 * after a failure the next call asks again. Rejects with ApiFailure.
 */
export function visitor() {
  asked ??= ask().catch((failure) => { asked = undefined; throw failure; });
  return asked;
}

async function ask() {
  const found = read(await get('/user/logged-in'));
  guardVisitor(async () => read(await get('/user/logged-in')).id === found.id);
  return found;
}

/** Whether the page's visitor is still the same. Rejects with ApiFailure. */
export async function isSameVisitor() {
  const before = await visitor();
  return read(await get('/user/logged-in')).id === before.id;
}

/** Asks anew, after a login or when another tab says that something changed. */
export function refreshVisitor() {
  asked = undefined;
  return visitor();
}

const tabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel('shop') : new EventTarget();

/** Tells the visitor's other tabs that something changed: 'visitor' (signed in or out) or 'cart'. */
export function tellTabs(what) {
  tabs.postMessage?.(what);
}

/** Calls handler when another tab tells what. */
export function onToldByTabs(what, handler) {
  tabs.addEventListener('message', ({ data }) => { if (data === what) handler(); });
}
