// Addresses of the pages: what stands in the one that is open, and where a visitor may be sent next.

/** A parameter of the page's address, decoded; the first when there are several, '' when there is none. */
export function parameter(name, search = location.search) {
  return new URLSearchParams(search).get(name) ?? '';
}

/** A code from a mailed link, without the dot or bracket that a mail program took for a part of it (contract journeys D1). */
export function code(name, search = location.search) {
  return parameter(name, search).trim().replace(/[.,;:!?)\]>"']+$/, '');
}

// What `next` may name: pages of members and the way to paying. Everything else could be a trap of somebody's link.
const known = new Set([
  '/', '/products', '/cart', '/checkout/confirm', '/account', '/account/order', '/account/edit-my-information',
  '/account/edit-communication-preferences', '/account/change-password',
]);

const passedOn = { '/account/order': ['order_identifier', 'identifier'], '/account': ['email_verification_code', 'email_verification_code'] };

/**
 * Where a visitor goes after signing in: the page that `next` names in the form of links that are out in the world
 * ("checkout/confirm", "account/order"), with the parameter that belongs to it. '/account/' when it names none of ours.
 */
export function nextAddress(search = location.search) {
  const named = parameter('next', search);
  const page = '/' + named.replace(/^\//, '').replace(/\/$/, '');
  if (!/^\/?[a-z][a-z/-]*$/.test(named) || !known.has(page)) return '/account/';
  const [given, wanted] = passedOn[page] ?? [];
  const value = given ? code(given, search) : '';
  return (page === '/account' ? '/account/' : page) + (value ? `?${new URLSearchParams({ [wanted]: value })}` : '');
}

/** The same parameters for the other page of signing in and registering, so that nothing is lost between the two. */
export function keepNext(page, search = location.search) {
  const kept = new URLSearchParams();
  for (const name of ['next', 'order_identifier', 'email_verification_code']) {
    if (parameter(name, search)) kept.set(name, parameter(name, search));
  }
  return String(kept) ? `${page}?${kept}` : page;
}

/** The login page, which leads back to next ("account/order", without a slash before it) with further parameters. */
export function loginAddress(next, { message, ...further } = {}) {
  const query = new URLSearchParams({ next });
  for (const [name, value] of Object.entries({ ...further, message })) if (value) query.set(name, value);
  return `/login?${query}`;
}

/**
 * Leaves for another page of ours, or for one that the API named (http and https only). The promise stays open: whoever
 * waits for it does nothing more on this page.
 */
export function go(address, { replace = false } = {}) {
  const target = new URL(address, location.origin);
  if (!/^https?:$/.test(target.protocol)) throw new TypeError(`not an address to go to: ${address}`);
  if (replace) location.replace(target);
  else location.assign(target);
  return new Promise(() => {});
}
