// The account: who one is, what one is sent, what one has ordered and where one is logged in.

import { code, parameter } from '../address.js';
import { showDevices } from '../account/devices.js';
import { showOrders } from '../account/orders.js';
import { showInformation, showPreferences } from '../account/overview.js';
import { confirmAddress, say, sayConfirmedBefore } from '../account/verification.js';
import { h } from '../element.js';
import { ajaxError } from '../event.js';
import { memberContent } from '../guard.js';
import { drawing } from '../ready.js';
import { failure } from '../state.js';

const done = drawing('account');
const waiting = document.querySelector('#account-waiting');
const emailCode = code('email_verification_code');

const messages = {
  'password-updated': 'Your password is changed. All other devices are logged out.',
  'information-updated': 'Your information is saved.',
  'email-address-updated': 'Your information is saved. We mailed a link to your new address: open it to confirm the address.',
  'preferences-updated': 'Your communication preferences are saved.',
};

const content = () => memberContent('account', { message: '', email_verification_code: emailCode });

function draw({ personal_data: person, email_data: mail, orders_data: orders }) {
  showInformation(document.querySelector('#account-information-facts'), { personal_data: person, email_data: mail });
  showPreferences(document.querySelector('#account-preferences-facts'), person);
  showOrders(document.querySelector('#account-orders-place'), orders);
  waiting.hidden = true;
  document.querySelector('#account-blocks').hidden = false;
}

// A reload shall neither send a code again nor repeat a message.
function forget(name) {
  const address = new URL(location.href);
  address.searchParams.delete(name);
  history.replaceState(history.state, '', address);
}

function tellMessage() {
  const words = messages[parameter('message')];
  if (words) say('success', h('p', {}, words));
  forget('message');
}

async function confirm({ email_address: email, email_verified: isVerified }) {
  const settled = () => forget('email_verification_code');
  if (isVerified) {
    settled();
    sayConfirmedBefore(email);
  } else if (await confirmAddress(emailCode, email, settled)) await drawAgain();
}

// Guest orders belong to the member once the address is confirmed.
async function drawAgain() {
  try {
    draw(await content());
  } catch {
    ajaxError('account-account-content');
    document.querySelector('#account-verified').textContent = 'Confirmed';
    document.querySelector('#account-unverified')?.remove();
  }
}

async function start() {
  try {
    const found = await content();
    draw(found);
    tellMessage();
    if (emailCode) await confirm(found.email_data);
  } catch (error) {
    ajaxError('account-account-content');
    failure(waiting, error, start);
    done();
    return;
  }
  await showDevices();
  done();
}

start();
