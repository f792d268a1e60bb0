// When the session has ended while a member's page was open.

import { go, loginAddress } from '../address.js';

/** What the API says in the place of an outcome when the session has ended. */
export const isLoggedOut = (outcome) => outcome === 'user_not_authenticated';

/** Leads to the login and back to next ("account/change-password"), with further parameters. */
export function logInAgain(next, further = {}) {
  return go(loginAddress(next, { message: 'not-authenticated', ...further }), { replace: true });
}
