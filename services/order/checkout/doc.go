// Package checkout is the way from a cart to a paid order. It freezes a cart, has a payment session opened for exactly
// what was frozen, and makes one order of that session once it is paid, whoever says so first: the webhook, the success
// page or the sweep. A payment is exactly one order, and the order is what was paid for (design section 4).
//
// What Stripe is lives in the payment service, what a cart is in package cart, what an order is in package purchase.
package checkout
