// Cookies that the pages read or write: csrftoken, anonymousclientevent, termsofserviceagreed (contract storefront.md 4).

/** The value of a cookie, '' when there is none. */
export function cookie(name) {
  return document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

/** Whether the visitor has agreed to the terms, by the cookie notice or as a member. */
export function hasAgreed() {
  return cookie('termsofserviceagreed') === 'true';
}

/** Remembers the agreement as long as the old shop did: 1825 days, of which browsers grant some 400. */
export function rememberAgreement() {
  document.cookie = `termsofserviceagreed=true; Max-Age=${1825 * 24 * 3600}; Path=/; SameSite=Lax`;
}
