// The address that a guest gave for the confirmation. It is kept for this tab, so that a reload or the way back from the
// payment page does not lose it; logging out and a finished order forget it.

const key = 'checkout e-mail';

let unkept = ''; // for browsers that keep nothing: at least as long as the page is open

/** The address, '' when there is none. */
export function guestEmail() {
  try {
    return sessionStorage.getItem(key) ?? unkept;
  } catch {
    return unkept;
  }
}

/** Keeps the address. */
export function keepGuestEmail(address) {
  unkept = address;
  try {
    sessionStorage.setItem(key, address);
  } catch { /* unkept has it */ }
}

/** Forgets it. */
export function forgetGuestEmail() {
  unkept = '';
  try {
    sessionStorage.removeItem(key);
  } catch { /* nothing was kept */ }
}
