// One order, by the identifier in the address.
import { element, get, table } from '/api.js';

const place = document.querySelector('#order');
const identifier = new URLSearchParams(location.search).get('identifier') ?? '';
get('/order/' + encodeURIComponent(identifier)).then((answer) => {
  if (answer.order_detail !== 'success') { place.textContent = answer.errors.error; return; }
  const order = answer.order_data;
  place.replaceChildren(element('p', `${order.order_attributes.identifier}, ${Object.values(order.order_statuses)[0]?.title ?? ''}`), table([
    ...Object.values(order.order_items.product_sku_data).map((line) => [line.parent_product__title, `${line.quantity} × $${line.price}`]),
    ['Shipping', '$' + order.order_totals.shipping_subtotal], ['Total', '$' + order.order_totals.order_total],
  ]));
}).catch(() => { place.textContent = 'This order cannot be shown.'; });
