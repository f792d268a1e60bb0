// Pages of members: their content, or the way to the login and back.

import { get } from './api.js';
import { go, loginAddress } from './address.js';
import { pageIsReported } from './event.js';
import { visitor } from './visitor.js';

/**
 * The answer of account-content for the member who looks at the page. Strangers are sent to log in, to come back to next
 * ("account/change-password"); the promise then stays open, since the page is being left. Rejects with ApiFailure.
 *
 * It is asked for only once the visitor is known: who comes after that is somebody else to this page, so what it shows of one
 * member is neither kept in sight nor saved for another (contract journeys D3).
 */
export async function memberContent(next, { message = 'not-authenticated', ...further } = {}) {
  await visitor();
  const { account_content: content } = await get('/user/account-content');
  if (content.authenticated === 'true') return content;
  await pageIsReported(); // its address names the campaign, the login's does not
  return go(loginAddress(next, { message, ...further }), { replace: true });
}
