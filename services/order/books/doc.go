// Package books proves the books: the audit holds them against themselves, the reconciliation against Stripe's. It changes
// nothing but what it notes as exceptions.
package books
