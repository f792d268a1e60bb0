// Points in time as visitors read them, in their own zone and in the language of the pages.

const dayForm = new Intl.DateTimeFormat('en-US', { dateStyle: 'long' });
const momentForm = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeStyle: 'short' });

function shown(form, iso) {
  const date = new Date(iso ?? NaN);
  return Number.isNaN(date.getTime()) ? '' : form.format(date);
}

/** The day of an API time ("2026-11-23T07:21:54.850Z"), '' when there is none. */
export const day = (iso) => shown(dayForm, iso);

/** The day and minute of an API time, '' when there is none. */
export const moment = (iso) => shown(momentForm, iso);

/** A waiting time in words that nobody counts along with: "a minute", "20 minutes". */
export function waitInWords(seconds) {
  if (seconds <= 90) return seconds <= 45 ? 'a moment' : 'a minute';
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} minutes` : 'an hour';
}
