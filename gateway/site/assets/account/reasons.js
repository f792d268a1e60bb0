// Why somebody wants no more mails: four reasons to tick, and one in words (contract user.md 2.14, 2.18).

import { h } from '../element.js';
import { message } from '../rule.js';

const reasons = [
  ['no_longer_want_to_receive', 'I no longer want these mails'],
  ['never_signed_up', 'I never signed up for them'],
  ['inappropriate', 'They are not appropriate'],
  ['spam', 'They are spam and should be reported'],
  ['other_reason', 'Something else'],
];

/** The boxes and the text, as a fieldset for a form. prefix is for ids, title the legend. */
export function reasonFields(prefix, title) {
  const boxes = reasons.map(([name, label]) => h('div', { className: 'choice' },
    h('input', { type: 'checkbox', id: `${prefix}-${name}`, name }), h('label', { for: `${prefix}-${name}` }, label)));
  const text = h('div', { className: 'field', hidden: true, dataset: { field: 'other' } },
    h('label', { for: `${prefix}-other` }, 'What was it?'),
    h('textarea', { id: `${prefix}-other`, name: 'other', rows: 4 }),
    h('ul', { className: 'field__problems', hidden: true }));
  const made = h('fieldset', { className: 'choices' }, h('legend', {}, title), boxes, text);
  made.addEventListener('change', () => showText(made));
  return made;
}

/** Shows the text where its box is ticked; to be called when boxes were set by script. */
export function showText(fields) {
  fields.querySelector('[data-field="other"]').hidden = !fields.querySelector('[name="other_reason"]').checked;
}

/** Unticks everything. */
export function clearReasons(fields) {
  for (const box of fields.querySelectorAll('input')) box.checked = false;
  fields.querySelector('textarea').value = '';
  showText(fields);
}

/** Whether any reason is ticked. */
export const isReasonGiven = (values) => reasons.some(([name]) => values[name]);

/** What is wrong with the reasons: "something else" says what. */
export function reasonProblems({ other_reason: isOther, other }) {
  return { other: isOther ? message(other, 'The reason', 5000) : [] };
}

/** The five fields as the API takes them. */
export function reasonsToSend({ other_reason: isOther, other, ...values }) {
  const sent = Object.fromEntries(reasons.filter(([name]) => name !== 'other_reason').map(([name]) => [name, values[name] === true]));
  return { ...sent, other: isOther ? other.trim() : '' };
}
