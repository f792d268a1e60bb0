// Where Stripe sends the customer: have the order made, then show it.
import { get } from '/api.js';

const message = document.querySelector('#message');
const session = new URLSearchParams(location.search).get('session_id') ?? '';
get('/order/checkout-session-success?session_id=' + encodeURIComponent(session)).then((answer) => {
  if (answer.checkout_session_success === 'success') location.replace('/account/order?identifier=' + answer.order_identifier);
  else message.textContent = answer.errors.description ?? answer.errors.error;
}).catch(() => { message.textContent = 'The shop cannot be reached. Your order will be made all the same.'; });
