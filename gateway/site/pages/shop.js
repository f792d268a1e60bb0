// The home page: products, the cart and the way to the payment page. The API's address stands in /shop-config.js.
import { element, get, post, table } from '/api.js';

const message = document.querySelector('#message');
const say = (text) => { message.textContent = text; };

async function showProducts() {
  const { products_data: products } = await get('/order/products');
  const list = document.querySelector('#products');
  list.replaceChildren();
  for (const product of Object.values(products)) {
    const { product_data: detail } = await get('/order/product/' + product.identifier);
    list.append(element('h3', product.title), picture(product.product_image_url), table(Object.entries(detail.skus).map(([id, sku]) => [
      [sku.description, sku.color, sku.size].filter(Boolean).join(', '), '$' + sku.price, sku.inventory_status_title, addButton(id, sku),
    ])));
  }
}

// The title stands beside the picture, which therefore says nothing of its own.
const picture = (address) => (address ? element('img', undefined, { src: address, alt: '', width: 120, height: 120 }) : '');

function addButton(id, sku) {
  const button = element('button', 'Add', { disabled: sku.inventory_status_identifier !== 'in-stock' });
  button.addEventListener('click', async () => {
    const answer = await post('/order/cart-add-product-sku', { sku_id: id, quantity: 1 });
    say(answer.cart_add_product_sku === 'success' ? 'Added.' : 'That cannot be added.');
    await showCart();
  });
  const cell = element('td');
  cell.append(button);
  return cell;
}

async function showCart() {
  const [{ item_data: items }, { cart_totals_data: totals }] = await Promise.all([get('/order/cart-items'), get('/order/cart-totals')]);
  const lines = Object.values(items.product_sku_data ?? {});
  document.querySelector('#cart').replaceChildren(lines.length === 0 ? element('p', 'Nothing in it yet.') : table([
    ...lines.map((line) => [line.parent_product__title, [line.color, line.size].filter(Boolean).join(', '), `${line.quantity} × $${line.price}`]),
    ['Shipping', '', '$' + totals.shipping_subtotal], ['Total', '', '$' + totals.cart_total],
  ]));
}

async function pay(event) {
  event.preventDefault();
  const form = event.target;
  const answer = await post('/order/create-checkout-session', {
    agree_to_terms_of_sale: form.agree_to_terms_of_sale.checked, newsletter: form.newsletter.checked,
    anonymous_email_address: form.anonymous_email_address.value,
  });
  if (answer.create_checkout_session === 'success') location.href = answer.checkout_url;
  else say(answer.errors.description ?? answer.errors.error);
}

document.querySelector('#checkout').addEventListener('submit', (event) => pay(event).catch(() => say('The shop cannot be reached.')));
get('/user/logged-in').then((visitor) => {
  if (!visitor.logged_in) return;
  const email = document.querySelector('#checkout').anonymous_email_address;
  email.value = visitor.email_address;
  email.readOnly = true;
}).then(() => Promise.all([showProducts(), showCart()])).catch(() => say('The shop cannot be reached.'));
