// Fields for passwords: what is typed can be shown, the rules of a new one tick while it is typed, and nothing of it stays
// behind when the page is left.

import { h, icon } from './element.js';
import { passwordRules } from './rule.js';

/**
 * Equips every password field of a form with a button that shows what is typed. They are hidden again when the form is sent,
 * and emptied when the page is left, so that going back finds nothing.
 */
export function controlPasswords(form) {
  const fields = [...form.querySelectorAll('input[type="password"]')].map(equip);
  form.addEventListener('submit', () => fields.forEach((field) => field.hide()));
  window.addEventListener('pagehide', () => fields.forEach((field) => field.empty()));
}

function equip(input) {
  const show = (on) => {
    input.type = on ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(on));
  };
  const label = input.labels[0]?.textContent.trim().toLowerCase() ?? 'password';
  const button = h('button', {
    className: 'password__toggle', type: 'button', 'aria-pressed': 'false', 'aria-label': `Show ${label}`, 'aria-controls': input.id,
    on: { click: () => show(input.type === 'password') },
  }, icon('eye'));
  placeOf(input).append(button);
  return { hide: () => show(false), empty: () => { input.value = ''; show(false); } };
}

function placeOf(input) {
  if (input.parentElement.classList.contains('password')) return input.parentElement;
  const place = h('div', { className: 'password' });
  input.replaceWith(place);
  place.append(input);
  return place;
}

/** Ticks the rules in a list of <li data-rule="length|capital|sign"> while a new password is typed. */
export function tickRules(input, list) {
  const lines = [...list.querySelectorAll('[data-rule]')].map((line) => [line, line.appendChild(h('span', { className: 'visually-hidden' }))]);
  const tick = () => {
    for (const [line, words] of lines) {
      const kept = passwordRules[line.dataset.rule](input.value);
      line.classList.toggle('checklist__done', kept);
      words.textContent = kept ? ' (done)' : '';
    }
  };
  input.addEventListener('input', tick);
  tick();
}
