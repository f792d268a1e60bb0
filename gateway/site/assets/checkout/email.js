// What a guest said about mails: the address for the confirmation, and whether offers may come, too. It is kept for this tab, so
// that a reload or the way back from the payment page does not lose it. Logging in, a finished order and an empty cart forget it:
// the next one at this tab may be somebody else. That the terms are agreed to is never kept; it is said for each order anew.

const address = 'checkout e-mail';
const offers = 'checkout newsletter';

const unkept = {}; // for browsers that keep nothing: at least as long as the page is open

function kept(key) {
  try {
    return sessionStorage.getItem(key) ?? unkept[key] ?? '';
  } catch {
    return unkept[key] ?? '';
  }
}

function keep(key, text) {
  unkept[key] = text;
  try {
    if (text) sessionStorage.setItem(key, text);
    else sessionStorage.removeItem(key);
  } catch { /* unkept has it */ }
}

/** The address, '' when there is none. */
export const guestEmail = () => kept(address);

/** Keeps the address. */
export const keepGuestEmail = (given) => keep(address, given);

/** Forgets the address. */
export const forgetGuestEmail = () => keep(address, '');

/** Whether the guest has asked for offers. */
export const wantsOffers = () => kept(offers) === 'true';

/** Keeps whether the guest asks for offers. */
export const keepOffers = (wanted) => keep(offers, wanted ? 'true' : '');

/** Forgets all that the guest said. */
export function forgetGuest() {
  forgetGuestEmail();
  keepOffers(false);
}
