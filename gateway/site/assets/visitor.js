// Who is looking at the page, asked once per page, and what tabs tell each other about it.

import { get, guardVisitor } from './api.js';
import { cookie } from './cookie.js';

let asked;
let first = null; // who the page was drawn for, whoever comes later

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
  const token = cookie('csrftoken'); // of before: who logs in while the answer is under way has another one already
  const found = read(await get('/user/logged-in'));
  if (!first) {
    first = found;
    guardVisitor(isSameVisitor, token);
  }
  return found;
}

const isSameVisitor = async () => read(await get('/user/logged-in')).id === first.id;

/**
 * The visitor that the page was drawn for, whoever has come since: the first who became known. A question under way is waited
 * for. Null when nobody is known; then nothing that is a person's may have been drawn, so pages await visitor() before they ask
 * for any of it (contract journeys D3).
 */
export async function drawnFor() {
  if (!first) await asked?.catch(() => {});
  return first;
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
