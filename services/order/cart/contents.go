package cart

import (
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
)

// Contents is a cart with what the catalogue says about it at one moment.
type Contents struct {
	CartID         int64
	AccountID      int64  // 0 for a guest's cart
	AnonymousID    string // empty for an account's cart
	Lines          []Line // by age
	ShippingMethod catalogue.ShippingMethod
	Totals         Totals
}

// Line is a SKU in a cart.
type Line struct {
	SkuID    int64
	Quantity int32 // 0 to 99
	Sku      catalogue.Sku
}

// SubtotalMinor is what the line costs.
func (l Line) SubtotalMinor() int64 { return l.Sku.PriceMinor * int64(l.Quantity) }

// Totals are the sums of a cart. Shipping counts only when the cart has a line.
type Totals struct {
	ItemSubtotalMinor int64
	ShippingMinor     int64
	TotalMinor        int64
}

// Purchased is what was bought of a SKU.
type Purchased struct {
	SkuID    int64
	Quantity int32
}
