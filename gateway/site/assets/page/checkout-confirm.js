// The last look at an order before paying (contract storefront.md 9). It knows who is looking before it draws anything, and
// looks again at buyer, goods and sums before it asks for the payment page.

import { ApiFailure, VisitorChanged } from '../api.js';
import { go } from '../address.js';
import { forgetGuest, guestEmail, keepOffers, wantsOffers } from '../checkout/email.js';
import { failureInWords, makesSummaryOld, refusalInWords } from '../checkout/refusal.js';
import { checkBuyer, forgetAttempt, paymentPage } from '../checkout/payment.js';
import { showBuyer, startBuyer } from '../checkout/buyer.js';
import { isSameSummary, missingLines, readSummary } from '../checkout/summary.js';
import { codeInWords, whyNotApplied } from '../discount.js';
import { announce, fill, focusOn, fragment, h } from '../element.js';
import { controlForm } from '../form.js';
import { lineAddress, lineName, readOnlyLine } from '../line.js';
import { money } from '../money.js';
import { drawing } from '../ready.js';
import { ticked } from '../rule.js';
import { empty, failure, notice, sayFirst } from '../state.js';
import { totalsList } from '../totals.js';
import { onToldByTabs, refreshVisitor, visitor } from '../visitor.js';

const done = drawing('page');
const place = (id) => document.querySelector(`#confirm-${id}`);
const form = place('pay');
const payButton = place('pay-button');

// What the page shows. Everything that is sent is compared with it first.
let drawnFor;
let summary;

async function start() {
  startBuyer(showPayment);
  startOffers();
  const control = controlForm(form, {
    check: ({ agree_to_terms_of_sale: agreed }) => ({ agree_to_terms_of_sale: ticked(agreed, 'Please tick the box to agree to the terms of sale.') }),
    send: attempt,
    done: answered,
  });
  window.addEventListener('pagehide', () => attempted.abort());
  window.addEventListener('pageshow', (event) => { if (event.persisted) cameBack(control); });
  onToldByTabs('visitor', () => refreshVisitor().then((now) => isOther(now) && visitorChanged()).catch(() => {}));
  onToldByTabs('cart', cartChanged);
  await load();
  done();
}

function startOffers() {
  const { newsletter } = form.elements;
  newsletter.checked ||= wantsOffers();
  newsletter.addEventListener('change', () => keepOffers(newsletter.checked));
}

async function load() {
  try {
    show(...await Promise.all([visitor(), readSummary()]));
  } catch (error) {
    onlyState();
    failure(place('state'), error, load);
  }
}

function show(found, read) {
  drawnFor = found;
  summary = read;
  forgetSaid();
  if (!summary.allowed) showClosed();
  else if (summary.lines.length === 0) showEmpty();
  else showOrder();
}

// What was said about paying was about what stood there before.
function forgetSaid() {
  const said = form.querySelector('.form__summary');
  if (said.contains(document.activeElement)) payButton.focus();
  fill(said).hidden = true;
}

function onlyState() {
  reveal(place('state'));
  place('order').hidden = true;
}

function reveal(part) {
  place('waiting')?.remove();
  document.querySelector('#confirm-detail-body').removeAttribute('aria-busy');
  part.hidden = false;
}

function showClosed() {
  onlyState();
  fill(place('state'), notice('info', h('p', {}, h('strong', {}, 'The checkout is closed at the moment.')),
    h('p', {}, 'Your cart is kept. Please come back later, or ', h('a', { href: '/contact' }, 'contact us'), ' to order.'),
    h('p', {}, h('a', { className: 'button button--quiet', href: '/cart' }, 'Back to the cart'))));
}

// An order given up, it may be, and the next one at this tab somebody else.
function showEmpty() {
  forgetGuest();
  form.reset();
  onlyState();
  empty(place('state'), { title: 'Your cart is empty', text: 'There is nothing to confirm. If you have just paid, your order is safe: its confirmation comes by mail.', link: '/products', label: 'Browse our products' });
}

function showOrder() {
  reveal(place('order'));
  place('state').hidden = true;
  const { lines, shipping, codes, totals } = summary;
  fill(place('lines'), lines.map((line) => readOnlyLine(line, { link: lineAddress(line, { referrer: 'cart' }) })));
  fill(place('ways'), h('dt', {}, 'Carrier'), h('dd', {}, shipping?.carrier ?? 'Not chosen yet'),
    codes.length > 0 && [h('dt', {}, codes.length > 1 ? 'Codes' : 'Code'), codes.map((code) => h('dd', {}, codeText(code)))]);
  fill(place('totals'), totalsList(totals));
  fill(payButton, `Pay ${money(totals.cart_total)}`);
  showObstacle();
  showPayment();
}

function codeText(code) {
  const why = whyNotApplied(code, summary.codes, summary.totals.item_subtotal);
  return [h('strong', {}, code.code), ` ${codeInWords(code)}`, why && h('span', { className: 'muted' }, ` ${why}`)];
}

/** What stands in the way of paying, as a message; null when nothing does. */
function obstacle() {
  const missing = missingLines(summary);
  const toCart = h('p', {}, h('a', { className: 'button button--quiet', href: '/cart' }, 'Go to the cart'));
  if (missing.length > 0) {
    const names = missing.map((line) => h('li', {}, lineName(line, summary.lines)));
    return notice('warning', h('p', {}, 'This order cannot be paid yet. Please take out of the cart what is not in stock:'), h('ul', {}, names), toCart);
  }
  if (!summary.shipping) return notice('warning', h('p', {}, 'Please choose in the cart how your goods are shipped.'), toCart);
  return null;
}

function showObstacle() {
  fill(place('notice'), obstacle());
}

// Buyer and pay form, as far as one gets with them.
function showPayment() {
  const stopped = obstacle() !== null;
  const isKnown = showBuyer(drawnFor);
  place('buyer').hidden = stopped;
  place('newsletter-choice').hidden = drawnFor.loggedIn;
  form.hidden = stopped || !isKnown;
}

// The press on Pay that counts. It is over once the page is left or somebody else is here: what is answered after that is about an
// order that the page may not show any more, and leads nowhere.
let attempted = new AbortController();

const over = (signal) => new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }); });

/** What became of a press on Pay: {address}, {refusal}, {changed} or {error}, with the signal that says when it is over. */
async function attempt(values) {
  attempted.abort();
  attempted = new AbortController();
  const { signal } = attempted;
  const outcome = await Promise.race([send(values, signal).catch((error) => ({ error })), over(signal)]);
  return { ...outcome, signal };
}

// Looks at everything once more, then asks for the payment page. What counts is what the page showed when the button was pressed.
// Between looking and asking the cart may still change, by another device. That is accepted: the order service freezes the cart as
// it is at that moment, and the payment page shows goods and sum of that before anything is charged.
async function send({ agree_to_terms_of_sale: agreed, newsletter }, signal) {
  const shown = { drawnFor, summary };
  const [now, read] = await Promise.all([checkBuyer(shown.drawnFor), readSummary(signal)]);
  if (now.email !== shown.drawnFor.email || !isSameSummary(read, shown.summary)) return { changed: { now, read, shown } };
  return paymentPage({ ...shown, email: guestEmail(), agreed, newsletter }, signal);
}

async function answered({ address, refusal, changed, error, signal }, control) {
  if (signal.aborted) return;
  if (address) await leave(address, control, signal);
  else if (changed) orderChanged(changed, control);
  else if (refusal) await refused(refusal, control, signal);
  else if (error instanceof VisitorChanged) visitorChanged();
  else {
    if (!(error instanceof ApiFailure)) console.error(error);
    control.say(failureInWords(error));
  }
}

// The button stays busy until the payment page is there. When the browser does not get there, the customer is not stuck: another
// press looks at everything again, and gives the same payment page as long as that is the same order's.
async function leave(address, control, signal) {
  await Promise.race([go(address), over(AbortSignal.any([signal, AbortSignal.timeout(15_000)]))]);
  if (signal.aborted) return;
  control.say(fragment('The payment page does not open by itself. ', h('button', { className: 'link-button', type: 'button', on: { click: () => form.requestSubmit(payButton) } }, 'Open the payment page'), ' Nothing was charged yet.'));
}

function orderChanged({ now, read, shown }, control) {
  const before = shown.summary.totals.cart_total;
  show(now, read);
  forgetAttempt();
  if (form.hidden) {
    focusOn(document.querySelector('#confirm-detail-body'));
    return;
  }
  const after = summary.totals.cart_total;
  const sums = before === after ? '' : ` The total was ${money(before)} and is ${money(after)} now.`;
  control.say(`Something in your order changed since you opened this page.${sums} Nothing was charged. Please look at it, then press the button again.`);
}

async function refused(refusal, control, signal) {
  const words = refusalInWords(refusal);
  if (makesSummaryOld(refusal)) await refresh();
  if (signal.aborted) return;
  if (refusal.startsWith('agree-to-terms')) control.problems({ agree_to_terms_of_sale: [words] });
  else if (form.hidden || place('order').hidden) sayFirst(place('notice'), notice('problem', h('p', {}, words)));
  else control.say(words);
}

/** Draws what is true now; whether that worked. What stands there is checked before paying in any case. */
async function refresh() {
  try {
    const [now, read] = await Promise.all([refreshVisitor(), readSummary()]);
    if (isOther(now)) {
      visitorChanged();
      return false;
    }
    show(now, read);
    return true;
  } catch {
    return false;
  }
}

const isOther = (now) => drawnFor && (now.id !== drawnFor.id || now.loggedIn !== drawnFor.loggedIn);

// Back from the payment page, out of the browser's memory: form.js has freed the button, the rest may be old.
async function cameBack(control) {
  attempted.abort();
  forgetAttempt();
  control.busy(true);
  await refresh();
  control.busy(false);
}

// Drawn for one, looked at by another: nothing of it may be used any more. The frame does the same for what was a member's.
function visitorChanged() {
  attempted.abort();
  fill(place('notice'));
  onlyState();
  focusOn(failure(place('state'), new VisitorChanged(location.pathname)));
}

async function cartChanged() {
  forgetAttempt();
  if (form.getAttribute('aria-busy') === 'true') return; // paying looks for itself
  const before = summary;
  if (!await refresh() || isSameSummary(before, summary)) return;
  announce('Your cart was changed in another tab. The page shows what it holds now.');
  if (summary.lines?.length > 0 && !obstacle()) fill(place('notice'), notice('info', h('p', {}, 'Your cart was changed in another tab. This is what it holds now.')));
}

start();
