// Package catalogue is what is for sale: products, SKUs with the price in force, shipping methods, order statuses
// and the operator's configuration, held in memory as an immutable snapshot that follows the database.
//
// Carts and checkouts ask the snapshot, never the catalogue's tables. What a customer put together (package cart)
// and what was bought (its own copy of titles and prices) do not live here.
package catalogue
