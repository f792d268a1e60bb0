// A word of thanks on the page of an order that was paid a moment ago in this tab, and only once.

const key = 'order just paid';

/** Notes that an order was just paid. */
export function noteOrderPaid(identifier) {
  try {
    sessionStorage.setItem(key, identifier);
  } catch { /* then without thanks */ }
}

/** Whether this order was just paid; asked a second time it was not. */
export function wasJustPaid(identifier) {
  try {
    const noted = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    return noted === identifier;
  } catch {
    return false;
  }
}
