// Forms: checks before sending, problems under their fields and counted at the top, one sending at a time, and what was
// entered kept when the visitor has to sign in again. The markup's convention stands in the README of the pages.

import { VisitorChanged } from './api.js';
import { announce, fill, focusOn, h } from './element.js';
import { inWords } from './state.js';

/**
 * Takes over a form.
 * check(values): {field: [texts]} of what is wrong before anything is sent; default nothing.
 * send(values): the call; its result goes to done, its failure is shown with everything kept.
 * done(answer, {problems, say}): problems({field: [texts]}, general) shows refusals; say(text) a general one. When it gives
 * nothing, or a promise of nothing, the form can be sent again.
 * Values are texts by field name; a checkbox is true or false. Gives {problems, say, values, busy}.
 */
export function controlForm(form, { check = () => ({}), send, done, failed = () => {} }) {
  const button = form.querySelector('button:not([type="button"])');
  const control = {
    values: () => valuesOf(form),
    problems: (found, general) => showProblems(form, found, general),
    say: (text) => showProblems(form, {}, text),
    busy: (on) => setBusy(form, button, on),
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(form, control, { check, send, done, failed });
  });
  form.addEventListener('input', (event) => clearField(event.target.closest('[data-field]')));
  form.noValidate = true;
  button.disabled = false;
  window.addEventListener('pageshow', (event) => { if (event.persisted) control.busy(false); });
  return control;
}

async function submit(form, control, { check, send, done, failed }) {
  if (form.getAttribute('aria-busy') === 'true') return; // a double click, or Enter and a click
  const values = control.values();
  clearAll(form);
  if (control.problems(check(values))) return;
  control.busy(true);
  announce('Sending.');
  try {
    await done(await send(values), control);
  } catch (error) {
    if (!(error instanceof VisitorChanged)) failed(error);
    control.say(inWords(error));
  }
  control.busy(false);
}

function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === 'checkbox') values[field.name] = field.checked;
    else if (field.type === 'radio') values[field.name] = field.checked ? field.value : values[field.name] ?? '';
    else values[field.name] = field.value;
  }
  return values;
}

function setBusy(form, button, on) {
  if (on) form.setAttribute('aria-busy', 'true');
  else form.removeAttribute('aria-busy');
  button.setAttribute('aria-disabled', String(on)); // stays focusable, and submit() lets nothing through
}

function fieldOf(form, name) {
  return form.querySelector(`[data-field="${CSS.escape(name)}"]`);
}

/** Shows what is wrong; true when anything is. Problems of a field that the form does not have stand at the top. */
function showProblems(form, found, general) {
  const homeless = [];
  let count = 0;
  for (const [name, texts] of Object.entries(found)) {
    if (!texts?.length) continue;
    count += texts.length;
    const field = fieldOf(form, name);
    if (field) showField(field, texts);
    else homeless.push(...texts);
  }
  if (!count && !general) return false;
  showSummary(form, [general, ...homeless].filter(Boolean), count);
  return true;
}

function showField(field, texts) {
  const list = field.querySelector('.field__problems');
  fill(list, texts.map((text) => h('li', {}, text)));
  list.hidden = false;
  list.id ||= `problems-of-${field.dataset.field}`;
  for (const input of inputsOf(field)) {
    input.setAttribute('aria-invalid', 'true');
    describe(input, list.id, true);
  }
}

const inputsOf = (field) => field.querySelectorAll('input, textarea, select');

function describe(input, id, on) {
  const ids = new Set((input.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean));
  if (on) ids.add(id);
  else ids.delete(id);
  if (ids.size) input.setAttribute('aria-describedby', [...ids].join(' '));
  else input.removeAttribute('aria-describedby');
}

// One problem is best met in its field, several by their list.
function showSummary(form, texts, count) {
  const summary = form.querySelector('.form__summary');
  const first = form.querySelector('[aria-invalid="true"]');
  const links = [...form.querySelectorAll('[data-field]')].flatMap(problemsWithLinks);
  fill(summary, h('div', { className: 'notice notice--problem' }, // read out because it takes the focus
    texts.map((text) => h('p', {}, text)),
    links.length > 1 && [h('p', {}, `Please correct ${count} things:`), h('ul', {}, links)]));
  summary.hidden = !texts.length && links.length <= 1;
  if (first && summary.hidden) first.focus();
  else focusOn(summary);
}

function problemsWithLinks(field) {
  const input = field.querySelector('[aria-invalid="true"]');
  if (!input) return [];
  return [...field.querySelectorAll('.field__problems li')].map((problem) => h('li', { dataset: { of: field.dataset.field } },
    h('a', { href: `#${input.id}`, on: { click: (event) => { event.preventDefault(); input.focus(); } } }, problem.textContent)));
}

function clearField(field) {
  const list = field?.querySelector('.field__problems');
  if (!list || list.hidden) return;
  list.hidden = true;
  list.replaceChildren();
  for (const input of inputsOf(field)) {
    input.removeAttribute('aria-invalid');
    describe(input, list.id, false);
  }
  // Struck out, not taken away: the form must not move under the hands of somebody who types.
  for (const problem of field.closest('form').querySelectorAll(`[data-of="${CSS.escape(field.dataset.field)}"]`)) problem.className = 'form__corrected';
}

function clearAll(form) {
  for (const field of form.querySelectorAll('[data-field]')) clearField(field);
  const summary = form.querySelector('.form__summary');
  summary.hidden = true;
  summary.replaceChildren();
}

/** Keeps what owner (a name) entered, never passwords, for this page's address until it is back after a login. */
export function keepDraft(form, owner) {
  const draft = {};
  for (const field of form.elements) {
    if (!field.name || field.type === 'hidden' || isPassword(field)) continue;
    if (field.type === 'radio') {
      if (field.checked) draft[field.name] = field.value;
    } else draft[field.name] = field.type === 'checkbox' ? field.checked : field.value;
  }
  try {
    sessionStorage.setItem(`draft ${location.pathname}`, JSON.stringify({ owner, draft }));
  } catch { /* a browser that keeps nothing: the visitor enters it again */ }
}

const isPassword = (field) => field.type === 'password' || /password/.test(field.autocomplete); // one that is shown is text

/** Puts back what keepDraft kept for the same owner, once; true when there was something. Somebody else's is forgotten. */
export function restoreDraft(form, owner) {
  let kept;
  try {
    kept = JSON.parse(sessionStorage.getItem(`draft ${location.pathname}`));
    sessionStorage.removeItem(`draft ${location.pathname}`);
  } catch {
    return false;
  }
  if (!kept || kept.owner !== owner) return false;
  for (const [name, value] of Object.entries(kept.draft)) putBack(form.elements[name], value);
  return true;
}

function putBack(field, value) {
  if (!field) return;
  if (field.type === 'checkbox') field.checked = value === true;
  else field.value = value;
}
