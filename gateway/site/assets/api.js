// How the pages talk to the edge: cookies with every call, the CSRF cookie's value as a header with every post, one silent
// repetition when that value was old, and every failure as an ApiFailure with a kind that a page can put into words.

import { cookie } from './cookie.js';

/** Where the API is, with scheme and port; the page that was published for it says so. */
export const apiOrigin = document.querySelector('meta[name="shop-api"]')?.content ?? '';

// Where a CSRF token is had from. As long as it cannot be had, nothing is sent that changes anything.
const tokenPath = '/user/token';

/** How long one call may take, in milliseconds. */
const patience = 20_000;

/**
 * A call that brought no answer to work with. Its kind is one of
 * offline (no connection), timeout, busy (told to wait, retryAfter in seconds or 0), refused (4xx), broken (5xx or no JSON).
 */
export class ApiFailure extends Error {
  constructor(kind, path, { status = 0, retryAfter = 0 } = {}) {
    super(`${path}: ${kind}${status ? ` (${status})` : ''}`);
    Object.assign(this, { name: 'ApiFailure', kind, path, status, retryAfter });
  }

  /** Whether what was asked for may have been done all the same: no answer came, or none that says so. */
  get mayHaveHappened() {
    return ['offline', 'timeout', 'broken'].includes(this.kind) && this.path !== tokenPath;
  }
}

/** The visitor signed in, out or as somebody else in another tab since this page was drawn. */
export class VisitorChanged extends Error {
  constructor(path) {
    super(`${path}: the visitor has changed`);
    this.name = 'VisitorChanged';
  }
}

/** Reads: the JSON of the answer. Rejects with ApiFailure. */
export function get(path, { signal } = {}) {
  return call(path, { signal });
}

/**
 * Changes: sends the fields as a form, gives the JSON of the answer. Rejects with ApiFailure, or with VisitorChanged when
 * what was drawn for one person would be done by another (contract journeys D3). byAnyone: what is sent does not depend on who
 * is signed in, such as a login.
 */
export async function post(path, fields, { idempotencyKey, signal, byAnyone = false } = {}) {
  if (!cookie('csrftoken')) await fetchToken(signal);
  if (!byAnyone) await checkVisitor(path);
  const request = () => ({ method: 'POST', body: new URLSearchParams(fields), headers: postHeaders(idempotencyKey), signal });
  try {
    return await call(path, request());
  } catch (failure) {
    if (failure.status !== 403 || failure.kind === 'busy') throw failure;
    await fetchToken(signal); // the token was missing or another login's (contract storefront.md 5)
    if (!byAnyone) await checkVisitor(path);
    return call(path, request());
  }
}

let onTokenFailure = () => {};

/** Calls handler each time that no CSRF token can be had; what was to be sent fails besides. */
export function whenTokenFails(handler) {
  onTokenFailure = handler;
}

async function fetchToken(signal) {
  try {
    await get(tokenPath, { signal });
  } catch (failure) {
    if (failure instanceof ApiFailure) onTokenFailure();
    throw failure;
  }
}

// The CSRF token is new after each login, so as long as it is the one that the page began with, nobody else has come. While
// nobody could say who the page is for, another token may be another person's; the first one at all is not.
const begun = { token: cookie('csrftoken'), isSame: async () => begun.token === '' };

/**
 * Has posts refused with VisitorChanged once isSame() resolves to false. It is asked only when the CSRF token is not the one
 * given: that of the moment before anybody asked who the visitor is.
 */
export function guardVisitor(isSame, token) {
  Object.assign(begun, { isSame, token });
}

async function checkVisitor(path) {
  const now = cookie('csrftoken');
  if (now === begun.token) return;
  if (!await begun.isSame()) throw new VisitorChanged(path);
  begun.token = now;
}

function postHeaders(idempotencyKey) {
  const headers = { 'X-CSRFToken': cookie('csrftoken') };
  if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey;
  return headers;
}

async function call(path, options) {
  const deadline = AbortSignal.timeout(patience);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  let answer;
  try {
    answer = await fetch(apiOrigin + path, { ...options, signal, credentials: 'include' });
    if (answer.ok) return await answer.json();
  } catch (error) {
    throw failed(error, path, options.signal, deadline);
  }
  throw refusal(answer, path);
}

function failed(error, path, given, deadline) {
  if (given?.aborted) return error; // the page itself gave up
  if (deadline.aborted) return new ApiFailure('timeout', path);
  if (error instanceof SyntaxError) return new ApiFailure('broken', path);
  return new ApiFailure('offline', path);
}

function refusal(answer, path) {
  const retryAfter = Number(answer.headers.get('Retry-After')) || 0;
  const details = { status: answer.status, retryAfter };
  if (answer.status >= 500) return new ApiFailure('broken', path, details);
  const wait = answer.status === 429 || (answer.status === 403 && answer.headers.has('Retry-After'));
  return new ApiFailure(wait ? 'busy' : 'refused', path, details);
}
