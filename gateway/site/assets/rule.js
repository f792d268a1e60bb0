// What may stand in a field, checked before anything is sent; the server checks again and more (contract storefront.md 8,
// user.md 1.9). Each rule gives the list of what is wrong, in words; an empty list is right.

const words = {
  required: (what) => `${what} is missing.`,
  not_valid: (what) => `${what} does not have the form it should have.`,
  too_many_chars: (what, most) => (most ? `${what} is too long: at most ${most} characters.` : `${what} is too long.`),
  too_short: (what, least) => (least ? `${what} is too short: at least ${least} characters.` : `${what} is too short.`),
  unavailable: () => 'This user name is taken. Please choose another.',
  no_capital_letter: () => 'The password needs a capital letter.',
  no_special_character: () => 'The password needs one of ! @ # $ % ^ & * ( ) ~ { } [ ]',
  confirm_password_doesnt_match: () => 'The two passwords differ.',
  duplicate: () => 'This e-mail address is on the list already.',
  out_of_range: () => 'Please choose one.',
  current_password_invalid: () => 'This is not your current password.',
  new_password_same_as_current_password: () => 'This is the password that you have already. Please choose another.',
};

// Where the server knows more than its code says: which form, how long, why a password is too easy.
const saidBetterByServer = new Set(['not_valid', 'too_many_chars', 'too_short', 'django_validation']);

/** What a refusal of the server says for a field; what is the field's name in the text ("The e-mail address"). */
export function refusalInWords(refusal, what) {
  const word = Object.hasOwn(words, refusal.type) ? words[refusal.type] : () => `${what} was not accepted.`;
  const isKnown = Object.hasOwn(words, refusal.type) && !saidBetterByServer.has(refusal.type);
  return (!isKnown && refusal.description) || word(what);
}

/** The server's list for a field as texts: true (the field is right) and everything that is no list give none. */
export function refusalsInWords(refusals, what) {
  return Array.isArray(refusals) ? refusals.flat().map((refusal) => refusalInWords(refusal, what)) : [];
}

const length = (text) => [...text].length; // code points, as the server counts

function limits(text, what, most) {
  return length(text) > most ? [words.too_many_chars(what, most)] : [];
}

/** Something must be there. */
export function required(text, what) {
  return text.trim() === '' ? [words.required(what)] : [];
}

/** A name of at most most characters: letters of ASCII, digits, spaces, as the accounts' table has them. */
export function name(text, what, most) {
  if (text.trim() === '') return [words.required(what)];
  const form = /^[A-Za-z0-9 ]*$/.test(text) ? [] : [`${what} can only have the letters A to Z, digits and spaces: no accents, hyphens or apostrophes.`];
  return [...form, ...limits(text, what, most)];
}

/** A user name as it is chosen: 6 to 150 letters, digits, _ and -. */
export function username(text, what = 'The user name') {
  if (text === '') return [words.required(what)];
  const form = /^[A-Za-z0-9_-]*$/.test(text) ? [] : [`${what} can only have letters, digits, _ and -.`];
  const short = length(text) < 6 ? [words.too_short(what, 6)] : [];
  return [...form, ...short, ...limits(text, what, 150)];
}

/** An e-mail address of at most 254 characters. */
export function email(text, what = 'The e-mail address') {
  if (text.trim() === '') return [words.required(what)];
  const form = /^[a-z0-9]([a-z0-9_.+-]*[a-z0-9])?@([a-z0-9-]+\.)+[a-z0-9]{2,}$/i.test(text.trim());
  return [...(form ? [] : [`${what} should look like name@example.com.`]), ...limits(text, what, 254)];
}

/** What a new password needs, each by itself, for telling while it is typed. */
export const passwordRules = {
  length: (text) => length(text) >= 8,
  capital: (text) => /[A-Z]/.test(text),
  sign: (text) => /[!@#$%^&*()~{}[\]]/.test(text),
};

/** A new password: 8 to 150 characters with a capital letter and a sign. */
export function newPassword(text, what = 'The password') {
  if (text === '') return [words.required(what)];
  const problems = passwordRules.length(text) ? limits(text, what, 150) : [words.too_short(what, 8)];
  if (!passwordRules.capital(text)) problems.push(words.no_capital_letter());
  if (!passwordRules.sign(text)) problems.push(words.no_special_character());
  return problems;
}

/** The same password once more. */
export function sameAgain(text, again) {
  if (text && !again) return ['Please enter the same password once more.'];
  return text === again ? [] : [words.confirm_password_doesnt_match()];
}

/** A box that must be ticked; the text says for what. */
export function ticked(isTicked, text) {
  return isTicked ? [] : [text];
}

/** A text of at most most characters that must be there. */
export function message(text, what, most) {
  return [...required(text, what), ...limits(text, what, most)];
}
