// Package cart is what shoppers put together before they pay: one cart per owner (an account or a guest's signed
// cookie), its lines, its shipping method, and the merging of a guest's cart into an account's.
//
// Prices and titles are never stored in a cart, they come from the catalogue snapshot. Freezing a cart for payment
// is the business of package checkout, which uses LockForCheckout and RemovePurchased.
package cart
