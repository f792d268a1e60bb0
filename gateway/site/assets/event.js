// Client events: page views, failed calls, clicks and followed links, for the shop's reports (contract storefront.md 7).
// They are sent without cookies, their answers do not matter, and no address in them carries a secret.

import { apiOrigin } from './api.js';
import { cookie, hasAgreed } from './cookie.js';
import { parameter } from './address.js';
import { visitor } from './visitor.js';

const secrets = new Set(['password_reset_code', 'email_verification_code', 'token', 'pr_token', 'session_id', 'identifier', 'order_identifier']);

/** An address as reports may keep it: secret parameters have the value "hidden". */
export function withoutSecrets(address) {
  const cleaned = new URL(address, location.href);
  for (const name of [...cleaned.searchParams.keys()]) if (secrets.has(name)) cleaned.searchParams.set(name, 'hidden');
  cleaned.hash = '';
  return cleaned.href;
}

// A browser that asks not to be tracked is followed only once its visitor has agreed.
const mayFollow = () => hasAgreed() || navigator.globalPrivacyControl !== true;

function send(type, fields) {
  if (!mayFollow()) return;
  const query = new URLSearchParams({ ...fields, anonymous_id: cookie('anonymousclientevent') || 'null', url: withoutSecrets(location.href) });
  fetch(`${apiOrigin}/clientevent/${type}?${query}`, { credentials: 'omit', keepalive: true }).catch(() => {});
}

async function sendWhenOn(type, fields, forced) {
  let member = 'null';
  try {
    const found = await visitor();
    if (!found.logClientEvents) return;
    member = found.id;
  } catch {
    if (!forced) return;
  }
  send(type, { client_event_id: member, ...fields });
}

/** Reports a failed call by its id in the contract; forced: also when nobody could say whether events are wanted. */
export function ajaxError(id, { forced = false } = {}) {
  sendWhenOn('ajaxerror', { error_id: id }, forced);
}

const tokenIds = { '/login': 'login-token', '/create-account': 'create-account-token', '/account': 'account-token' };

/** Reports that no CSRF token could be had, by the page's id for it. */
export function tokenFailed() {
  ajaxError(tokenIds[location.pathname.replace(/(.)\/$/, '$1')] ?? 'token');
}

/** Reports a click: 'chat-icon' or 'chat-icon-close'. */
export function buttonClick(id) {
  sendWhenOn('buttonclick', { button_id: id }, false);
}

let tellReported;
const reported = new Promise((resolve) => { tellReported = resolve; });

/** Resolves when it is reported that the page was opened: a page that sends its visitor on waits for it, but not for long. */
export function pageIsReported() {
  return Promise.race([reported, new Promise((resolve) => { setTimeout(resolve, 1000); })]);
}

/** Reports that the page was opened, and by which campaign's link. Called once per page, by the frame. */
export async function pageOpened() {
  await reportOpening();
  tellReported();
}

async function reportOpening() {
  await sendWhenOn('pageview', { pageWidth: String(document.documentElement.clientWidth) }, false);
  const [ad, mail, member, prospect] = ['ad_cd', 'em_cd', 'mb_cd', 'pr_cd'].map((name) => parameter(name));
  if (!ad && !(mail && (member || prospect))) return;
  const found = await visitor().catch(() => null);
  if (!found?.logClientEvents) return;
  send('linkevent', { mb_cd: member || 'null', pr_cd: prospect || 'null', em_cd: mail || 'null', ad_cd: ad || 'null' });
}
