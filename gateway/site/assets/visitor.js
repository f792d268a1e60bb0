// Who is looking at the page, asked once per page, and what tabs tell each other about it.

import { get, guardVisitor } from './api.js';

let asked;
let first; // who the page was drawn for, whoever comes later

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
  if (!first) {
    first = found;
    guardVisitor(isSameVisitor);
  }
  return found;
}

/** Whether the visitor is still the one that the page was drawn for. Rejects with ApiFailure. */
export async function isSameVisitor() {
  await visitor();
  return read(await get('/user/logged-in')).id === first.id;
}

/**
 * Asks anew, after a login or when another tab says that something changed. What the page shows and does for a person stays
 * with the first one: posts are refused when that was somebody else.
 */
export function refreshVisitor() {
  asked = undefined;
  return visitor();
}

const farewells = [];

/** Calls keep before the page starts over, for putting aside what was entered. */
export function beforeStartingOver(keep) {
  farewells.push(keep);
}

/** Loads the page anew, for whoever has come instead of the visitor that it was drawn for. */
export function startOver() {
  for (const keep of farewells) keep();
  location.reload();
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
