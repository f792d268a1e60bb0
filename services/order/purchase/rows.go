package purchase

import (
	"encoding/json"
	"time"
)

// lineRow is a row of purchase_line or checkout_line.
type lineRow struct {
	Position             int     `json:"position"`
	SkuID                int64   `json:"sku_id"`
	Quantity             int32   `json:"quantity"`
	PriceMinor           int64   `json:"price_minor"`
	DiscountMinor        int64   `json:"discount_minor"`
	Color                *string `json:"color"`
	Size                 *string `json:"size"`
	Description          *string `json:"description"`
	InventoryIdentifier  string  `json:"inventory_identifier"`
	InventoryTitle       string  `json:"inventory_title"`
	InventoryDescription *string `json:"inventory_description"`
	ProductIdentifier    string  `json:"product_identifier"`
	ProductTitle         string  `json:"product_title"`
	ProductTitleURL      string  `json:"product_title_url"`
	ImageURL             string  `json:"image_url"`
}

// LineRows writes lines as JSON keyed by column, in the order of their positions, for statements that write a whole order or
// checkout at once.
func LineRows(lines []Line) ([]byte, error) {
	rows := make([]lineRow, len(lines))
	for i, line := range lines {
		rows[i] = lineRow{
			Position:             i + 1,
			SkuID:                line.SkuID,
			Quantity:             line.Quantity,
			PriceMinor:           line.PriceMinor,
			DiscountMinor:        line.DiscountMinor,
			Color:                line.Color,
			Size:                 line.Size,
			Description:          line.Description,
			InventoryIdentifier:  line.Inventory.Identifier,
			InventoryTitle:       line.Inventory.Title,
			InventoryDescription: line.Inventory.Description,
			ProductIdentifier:    line.ProductIdentifier,
			ProductTitle:         line.ProductTitle,
			ProductTitleURL:      line.ProductTitleURL,
			ImageURL:             line.ImageURL,
		}
	}
	return json.Marshal(rows)
}

// discountRow is a row of purchase_discount or checkout_discount.
type discountRow struct {
	Position          int       `json:"position"`
	DiscountCodeID    *int64    `json:"discount_code_id"`
	Code              string    `json:"code"`
	Description       string    `json:"description"`
	StartsAt          time.Time `json:"starts_at"`
	EndsAt            time.Time `json:"ends_at"`
	Combinable        bool      `json:"combinable"`
	AmountHundredths  int64     `json:"amount_hundredths"`
	OrderMinimumMinor int64     `json:"order_minimum_minor"`
	TypeTitle         string    `json:"type_title"`
	TypeDescription   string    `json:"type_description"`
	AppliesTo         string    `json:"applies_to"`
	Action            string    `json:"action"`
	Applied           bool      `json:"applied"`
	DiscountMinor     int64     `json:"discount_minor"`
}

// DiscountRows does the same for discounts.
func DiscountRows(discounts []Discount) ([]byte, error) {
	rows := make([]discountRow, len(discounts))
	for i, discount := range discounts {
		rows[i] = discountRow{
			Position: i + 1, DiscountCodeID: orNull(discount.CodeID),
			Code: discount.Code, Description: discount.Description, StartsAt: discount.StartsAt, EndsAt: discount.EndsAt,
			Combinable: discount.Combinable, AmountHundredths: discount.AmountHundredths, OrderMinimumMinor: discount.OrderMinimumMinor,
			TypeTitle: discount.TypeTitle, TypeDescription: discount.TypeDescription, AppliesTo: discount.AppliesTo, Action: discount.Action,
			Applied: discount.Applied, DiscountMinor: discount.TakenMinor,
		}
	}
	return json.Marshal(rows)
}
