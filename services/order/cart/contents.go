package cart

import (
	"slices"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/discount"
)

// Contents is a cart with what one catalogue snapshot says about it. A line whose SKU has left the catalogue is not
// among the lines and not in the totals.
type Contents struct {
	CartID      int64
	AccountID   int64  // 0 for a guest's cart
	AnonymousID string // empty for an account's cart
	Lines       []Line // oldest first
	// ShippingMethod is the chosen one, or the default while none is chosen or the chosen one is not offered any more. Its identifier
	// is empty when the shop offers none at all.
	ShippingMethod catalogue.ShippingMethod
	// ShippingReplaced tells that the chosen one is not offered any more.
	ShippingReplaced bool
	Codes            []discount.Code  // in the order in which they were put on the cart
	Discounts        discount.Outcome // what they take off; its lists go with Codes
	Totals           Totals
}

// Line is a SKU in a cart.
type Line struct {
	SkuID    int64
	Quantity int32 // 0 to 99
	Sku      catalogue.Sku
}

// SubtotalMinor is what the line costs.
func (l Line) SubtotalMinor() int64 { return l.Sku.PriceMinor * int64(l.Quantity) }

// Totals are the sums of a cart. Shipping counts only when there is something to send. The total is after the discounts.
type Totals struct {
	ItemSubtotalMinor     int64
	ItemDiscountMinor     int64
	ShippingMinor         int64
	ShippingDiscountMinor int64
	TotalMinor            int64
}

// contentsOf puts the rows of one cart and its codes beside the catalogue; there is at least one row.
func contentsOf(rows []dbgen.ReadCartsRow, codes []discount.Code, snapshot *catalogue.Snapshot, now time.Time) Contents {
	contents := Contents{CartID: rows[0].ID, ShippingMethod: shippingMethod(rows[0].ShippingMethodID, snapshot), Codes: codes}
	contents.ShippingReplaced = rows[0].ShippingMethodID != nil && contents.ShippingMethod.ID != *rows[0].ShippingMethodID
	if rows[0].AccountID != nil {
		contents.AccountID = *rows[0].AccountID
	}
	if rows[0].AnonymousID != nil {
		contents.AnonymousID = *rows[0].AnonymousID
	}
	for _, row := range rows {
		if row.SkuID == nil || row.Quantity == nil {
			continue // a cart without lines
		}
		if sku, found := snapshot.Sku(*row.SkuID); found {
			contents.Lines = append(contents.Lines, Line{SkuID: sku.ID, Quantity: *row.Quantity, Sku: sku})
		}
	}
	contents.addUp(now)
	return contents
}

func shippingMethod(chosenID *int64, snapshot *catalogue.Snapshot) catalogue.ShippingMethod {
	if chosenID != nil {
		if chosen, found := snapshot.ShippingMethodByID(*chosenID); found && chosen.Active {
			return chosen
		}
	}
	method, _ := snapshot.DefaultShippingMethod()
	return method
}

// addUp sums the cart and applies its codes as they are at the moment.
func (c *Contents) addUp(now time.Time) {
	c.Totals = Totals{}
	for _, line := range c.Lines {
		c.Totals.ItemSubtotalMinor += line.SubtotalMinor()
	}
	if slices.ContainsFunc(c.Lines, func(line Line) bool { return line.Quantity > 0 }) {
		c.Totals.ShippingMinor = c.ShippingMethod.CostMinor
	}
	c.Discounts = discount.Evaluate(c.Codes, discount.Bill{
		ItemSubtotalMinor: c.Totals.ItemSubtotalMinor, ShippingMinor: c.Totals.ShippingMinor, ShippingIdentifier: c.ShippingMethod.Identifier,
	}, now)
	c.Totals.ItemDiscountMinor, c.Totals.ShippingDiscountMinor = c.Discounts.ItemMinor, c.Discounts.ShippingMinor
	c.Totals.TotalMinor = c.Totals.ItemSubtotalMinor - c.Totals.ItemDiscountMinor + c.Totals.ShippingMinor - c.Totals.ShippingDiscountMinor
}

// line is the index of the SKU's line; -1 without one.
func (c *Contents) line(skuID int64) int {
	return slices.IndexFunc(c.Lines, func(line Line) bool { return line.SkuID == skuID })
}

// code is the index of a discount code; -1 when it is not on the cart.
func (c *Contents) code(codeID int64) int {
	return slices.IndexFunc(c.Codes, func(code discount.Code) bool { return code.ID == codeID })
}

// count is the number of lines as the services tell it.
func (c *Contents) count() (lines int32) {
	for range c.Lines {
		lines++
	}
	return lines
}

func (c *Contents) proto(snapshot *catalogue.Snapshot) *orderv1.Cart {
	cart := &orderv1.Cart{
		Lines: make([]*orderv1.CartLine, len(c.Lines)),
		Totals: &orderv1.Totals{
			ItemSubtotalMinor: c.Totals.ItemSubtotalMinor, ItemDiscountMinor: c.Totals.ItemDiscountMinor,
			ShippingMinor: c.Totals.ShippingMinor, ShippingDiscountMinor: c.Totals.ShippingDiscountMinor, TotalMinor: c.Totals.TotalMinor,
		},
	}
	for i, line := range c.Lines {
		cart.Lines[i] = line.proto()
	}
	if c.ShippingMethod.Identifier != "" {
		cart.ShippingMethod = c.ShippingMethod.Proto()
	}
	for i, code := range c.Codes {
		cart.DiscountCodes = append(cart.DiscountCodes, code.Proto(c.Discounts.Applied[i]))
	}
	for _, method := range snapshot.ShippingMethods() {
		cart.ShippingMethods = append(cart.ShippingMethods, method.Proto())
	}
	return cart
}

func (l Line) proto() *orderv1.CartLine {
	return &orderv1.CartLine{
		SkuId: l.SkuID, Quantity: l.Quantity, PriceMinor: l.Sku.PriceMinor,
		Color: l.Sku.Color, Size: l.Sku.Size, Description: l.Sku.Description, Inventory: l.Sku.Inventory.Proto(),
		ProductIdentifier: l.Sku.ProductIdentifier, ProductTitle: l.Sku.ProductTitle, ProductTitleUrl: l.Sku.ProductTitleURL,
		ImageUrl: l.Sku.ImageURL,
	}
}
