// The frame around every page: menu, account and cart in the header, chat, cookie notice, terms dialog, connection notice.

import { ajaxError, pageOpened } from '../event.js';
import { onToldByTabs, refreshVisitor, visitor } from '../visitor.js';
import { drawing } from '../ready.js';
import { startChat } from './chat.js';
import { startConnectionNotice } from './connection.js';
import { startCookieNotice } from './cookie-notice.js';
import { showVisitor, startHeader } from './header.js';
import { startTermsCheck } from './terms.js';

const done = drawing('frame');

async function start() {
  startHeader();
  startConnectionNotice();
  try {
    const found = await visitor();
    showVisitor(found);
    startChat(found);
    if (found.loggedIn) startTermsCheck();
    else startCookieNotice();
    pageOpened();
  } catch {
    ajaxError('index-logged-in', { forced: true });
    startChat(null);
    startCookieNotice();
  }
  done();
}

for (const what of ['visitor', 'cart']) onToldByTabs(what, () => refreshVisitor().then(showVisitor).catch(() => {}));
// A page that comes back from the browser's memory shows what was true when it was left.
window.addEventListener('pageshow', (event) => { if (event.persisted) refreshVisitor().then(showVisitor).catch(() => {}); });
start();
