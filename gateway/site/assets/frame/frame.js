// The frame around every page: menu, account and cart in the header, chat, cookie notice, terms dialog, connection notice.

import { whenTokenFails } from '../api.js';
import { ajaxError, pageOpened, tokenFailed } from '../event.js';
import { drawnFor, onToldByTabs, refreshVisitor, startOver, visitor } from '../visitor.js';
import { drawing } from '../ready.js';
import { introduce, startChat } from './chat.js';
import { startConnectionNotice } from './connection.js';
import { endCookieNotice, startCookieNotice } from './cookie-notice.js';
import { cover, isCovered, sayCovered, uncover } from './cover.js';
import { showVisitor, startHeader } from './header.js';
import { startTermsCheck } from './terms.js';

const done = drawing('frame');

async function start() {
  startHeader();
  startConnectionNotice();
  startChat();
  setTimeout(() => { if (!isMet) startCookieNotice(); }, noticeAfter);
  if (!await meet()) {
    ajaxError('index-logged-in', { forced: true });
    startCookieNotice();
    meetLater();
  }
  done();
}

/** How long the cookie notice waits for who it is for, in milliseconds; members do not need it. */
const noticeAfter = 2000;

let isMet = false;

/** Does for the visitor what the frame does once; false when nobody knows yet who that is. */
async function meet() {
  const found = await visitor().catch(() => null);
  if (!found) return false;
  isMet = true;
  showVisitor(found);
  introduce(found);
  pageOpened();
  if (found.loggedIn) endCookieNotice();
  else startCookieNotice();
  if (found.loggedIn) await startTermsCheck();
  return true;
}

const pauses = [0, 2, 5, 15]; // seconds

// A visitor whom the API could not name at first is greeted as soon as it can.
async function meetLater() {
  for (const seconds of pauses) {
    await new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
    if (await meet()) return;
  }
  window.addEventListener('online', meetLater, { once: true });
}

whenTokenFails(tokenFailed);
onToldByTabs('cart', () => refreshVisitor().then(showVisitor).catch(() => {}));
onToldByTabs('visitor', check);
// A page that comes back from the browser's memory shows what was true when it was left.
window.addEventListener('pageshow', (event) => { if (event.persisted) check(); });
window.addEventListener('online', () => { if (isCovered()) check(); });

let checks = 0;

// What was drawn for a member is covered until the same member is known to be here, and drawn anew for anybody else: after
// a logout nobody finds a name or an address by going back (contract journeys D3). Without an answer it stays as it is, with
// all that was entered, out of sight.
async function check() {
  checks += 1;
  const mine = checks;
  const before = await drawnFor();
  if (before?.loggedIn) cover();
  try {
    const now = await refreshVisitor();
    if (mine !== checks) return; // the newest answer counts
    if (before?.loggedIn && now.id !== before.id) {
      startOver();
      return;
    }
    uncover();
    showVisitor(now);
  } catch (failure) {
    if (mine === checks) sayCovered(failure, check);
  }
}

start();
