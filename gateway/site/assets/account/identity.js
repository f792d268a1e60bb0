// Pages about one member: they end when somebody else has come, here or in another tab.

import { go, loginAddress } from '../address.js';
import { isSameVisitor, onToldByTabs } from '../visitor.js';

/**
 * Loads the page again when it shows somebody who is gone: after a logout or login in another tab, or when the browser
 * brings the page back from its memory. Before that, keep() may put aside what was entered.
 */
export function leaveWithMember(keep = () => {}) {
  const look = async () => {
    if (await isSameVisitor()) return;
    keep();
    location.reload();
  };
  const lookQuietly = () => look().catch(() => {}); // nobody can tell: the next call will
  onToldByTabs('visitor', lookQuietly);
  window.addEventListener('pageshow', ({ persisted }) => { if (persisted) lookQuietly(); });
}

/** What the API says in the place of an outcome when the session has ended. */
export const isLoggedOut = (outcome) => outcome === 'user_not_authenticated';

/** Leads to the login and back to next ("account/change-password"), with further parameters. */
export function logInAgain(next, further = {}) {
  return go(loginAddress(next, { message: 'not-authenticated', ...further }), { replace: true });
}
