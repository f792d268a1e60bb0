// Package purchase is the orders: what was bought, for how much, by whom and where it goes, as a copy of its own that
// no later edit of the catalogue reaches (contract order.md O-16). It also sees to the confirmation mail of each order.
//
// Whether a payment may become an order at all is decided by package checkout, which calls Record in its transaction.
package purchase
