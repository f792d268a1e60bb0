// The number at the cart in the header: rows of the cart, not pieces (contract storefront.md 3.1).

/** How many rows, in words: "Your cart is empty", "1 item in your cart". */
export function countInWords(count) {
  if (count === 0) return 'Your cart is empty';
  return count === 1 ? '1 item in your cart' : `${count} items in your cart`;
}

/** Shows the number of rows in the header. */
export function setCartCount(count) {
  const badge = document.querySelector('#cart-item-count-wrapper');
  if (!badge) return;
  badge.textContent = String(count);
  badge.hidden = false;
  const link = badge.closest('a');
  link.title = countInWords(count);
  link.setAttribute('aria-label', `Cart: ${count} ${count === 1 ? 'item' : 'items'}`); // holds what is seen (WCAG 2.5.3)
}
