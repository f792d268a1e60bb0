// Pages that make a visitor a member: who is one already does not need them.

import { go } from './address.js';
import { onToldByTabs, refreshVisitor, tellTabs, visitor } from './visitor.js';

/**
 * Sends members on to an address of ours: at once, and when another tab logs in while nothing is entered here. Resolves when
 * the visitor is none, or nobody can tell; without an answer the form is as good as before.
 */
export async function passMembersOn(form, address) {
  const passOn = (found) => (found.loggedIn ? go(address, { replace: true }) : null);
  onToldByTabs('visitor', () => {
    if (isUntouched(form)) refreshVisitor().then(passOn).catch(() => {});
  });
  await visitor().then(passOn, () => {});
}

const isUntouched = (form) => [...form.querySelectorAll('input:not([type="checkbox"])')].every((field) => field.value === '');

/** Goes on as the member that the visitor has just become, and has the other tabs know. */
export function goOnAsMember(address) {
  tellTabs('visitor');
  return go(address, { replace: true });
}
