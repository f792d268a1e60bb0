// Package chaos proves that the money is exact: customers buy in the whole shop while webhooks, Stripe, processes and database
// connections fail, and afterwards the books are compared with what the Stripe sandbox charged and what the mailbox got.
// What the customers and the faults choose comes from one seed, each with a source of its own, so that a run can be repeated
// with the same choices (who wins a race is still the machine's).
//
// Files: shop and goods (what is attacked), customer and operator (who acts), fault and outage (what goes wrong, and what that
// excuses), races (what must come out right every time), books (what must be true afterwards), run and report.
package chaos
