// The account: a form to sign in or register, or the member's orders.
import { element, get, post, table } from '/api.js';

const place = document.querySelector('#account');

function form(title, path, key, fields) {
  const made = element('form');
  made.append(element('h2', title));
  for (const [name, type] of Object.entries(fields)) {
    const label = element('label', name.replace('_', ' ') + ' ');
    label.append(element('input', undefined, { name, type }));
    made.append(label);
  }
  made.append(element('button', title));
  made.addEventListener('submit', async (event) => {
    event.preventDefault();
    const answer = await post(path, { ...Object.fromEntries(new FormData(made)), remember_me: true, newsletter: false });
    if (answer[key] === 'true') location.reload();
    else place.append(element('p', 'That did not work: ' + JSON.stringify(answer.errors ?? 'wrong name or password')));
  });
  return made;
}

function linkTo(order) {
  const cell = element('td');
  cell.append(element('a', order.identifier, { href: '/account/order?identifier=' + encodeURIComponent(order.identifier) }));
  return cell;
}

get('/user/account-content').then(({ account_content: content }) => {
  if (content.authenticated === 'false') {
    place.replaceChildren(
      form('Log in', '/user/login', 'login', { username: 'text', password: 'password' }),
      form('Create account', '/user/create-account', 'create_account', {
        firstname: 'text', lastname: 'text', username: 'text', email_address: 'email', password: 'password', confirm_password: 'password',
      }),
    );
    return;
  }
  const out = element('button', 'Log out');
  out.addEventListener('click', () => get('/user/logout').then(() => location.reload()));
  place.replaceChildren(element('p', content.personal_data.username), table(Object.values(content.orders_data).map((order) => [
    order.order_date_time, '$' + order.order_total, linkTo(order),
  ])), out);
}).catch(() => { place.textContent = 'The shop cannot be reached.'; });
