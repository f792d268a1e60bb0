// Where the member is logged in: a list of sessions, to end one or all others.

import { get, post } from '../api.js';
import { day } from '../date.js';
import { announce, fill, focusOn, h } from '../element.js';
import { ajaxError } from '../event.js';
import { failure, inWords, loading, notice } from '../state.js';
import { deviceName } from './device.js';
import { isLoggedOut, logInAgain } from './login.js';

const place = document.querySelector('#account-devices-list');
const said = document.querySelector('#account-devices-said');

/** Loads and draws the list. */
export async function showDevices() {
  let answer;
  try {
    answer = await get('/user/sessions');
  } catch (error) {
    ajaxError('account-sessions');
    failure(place, error, showDevices);
    return;
  }
  if (isLoggedOut(answer.list_sessions)) return logInAgain('account');
  draw(answer.sessions ?? []);
}

function draw(sessions) {
  const others = sessions.filter((session) => !session.current);
  const ordered = [...sessions.filter((session) => session.current), ...others];
  fill(place,
    h('ul', { className: 'records' }, ordered.map(row)),
    others.length > 1 && h('p', {}, h('button', { className: 'button button--quiet', type: 'button', on: { click: endOthers } }, 'Log out everywhere else')));
}

function row(session) {
  const name = deviceName(session.device);
  const since = h('span', { className: 'muted' }, `Since ${day(session.began_date_time)}`);
  const way = session.current
    ? h('span', { className: 'tag tag--ok' }, 'This device')
    : h('button', { className: 'link-button', type: 'button', 'aria-label': `Log out ${name}, since ${day(session.began_date_time)}`, on: { click: ({ currentTarget }) => endOne(session, name, currentTarget) } }, 'Log out');
  return h('li', { className: 'record', title: session.device }, h('span', { className: 'record__text' }, h('span', {}, name), since), way);
}

function endOne({ reference }, name, button) {
  return end('account-end-session', button, `${name} is logged out.`, async () => {
    const { end_session: outcome, errors } = await post('/user/end-session', { session: reference });
    return errors?.error === 'session-not-found' ? 'success' : outcome; // it has ended meanwhile
  });
}

function endOthers({ currentTarget }) {
  return end('account-end-other-sessions', currentTarget, 'All other devices are logged out.', async () => (await post('/user/end-other-sessions', {})).end_other_sessions);
}

async function end(event, button, words, call) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true'); // it keeps the focus
  try {
    const outcome = await call();
    if (isLoggedOut(outcome)) return logInAgain('account');
    if (outcome !== 'success') throw new TypeError(`not understood: ${outcome}`);
    fill(said);
    loading(place);
    await showDevices();
    announce(words);
    focusOn(document.querySelector('#account-devices-title'));
  } catch (error) {
    ajaxError(event);
    button.removeAttribute('aria-disabled');
    fill(said, notice('problem', h('p', {}, inWords(error))));
  }
}
