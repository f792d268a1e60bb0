package checkout

import (
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
)

func discountRows(id int64, discounts []purchase.Discount) []dbgen.InsertCheckoutDiscountsParams {
	rows := make([]dbgen.InsertCheckoutDiscountsParams, len(discounts))
	for i, discount := range discounts {
		rows[i] = dbgen.InsertCheckoutDiscountsParams{
			CheckoutID: id, Position: int32(i + 1), DiscountCodeID: discount.CodeID, //nolint:gosec // a cart has a handful
			Code: discount.Code, Description: discount.Description, StartsAt: discount.StartsAt, EndsAt: discount.EndsAt,
			Combinable: discount.Combinable, AmountHundredths: discount.AmountHundredths, OrderMinimumMinor: discount.OrderMinimumMinor,
			TypeTitle: discount.TypeTitle, TypeDescription: discount.TypeDescription, AppliesTo: discount.AppliesTo, Action: discount.Action,
			Applied: discount.Applied, DiscountMinor: discount.TakenMinor,
		}
	}
	return rows
}

func frozenDiscounts(rows []dbgen.CheckoutDiscount) []purchase.Discount {
	discounts := make([]purchase.Discount, len(rows))
	for i, row := range rows {
		discounts[i] = purchase.Discount{
			CodeID: row.DiscountCodeID, Code: row.Code, Description: row.Description, StartsAt: row.StartsAt, EndsAt: row.EndsAt,
			Combinable: row.Combinable, AmountHundredths: row.AmountHundredths, OrderMinimumMinor: row.OrderMinimumMinor,
			TypeTitle: row.TypeTitle, TypeDescription: row.TypeDescription, AppliesTo: row.AppliesTo, Action: row.Action,
			Applied: row.Applied, TakenMinor: row.DiscountMinor,
		}
	}
	return discounts
}
