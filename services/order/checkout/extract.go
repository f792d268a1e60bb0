package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// Extract is a checkout as whom it is about gets it. Amounts are text with two decimals, in the currency beside them; times
// are UTC. Keys stay as they are: others read them.
type Extract struct {
	Reference         string             `json:"reference"`
	CreatedAt         time.Time          `json:"created_at"`
	State             string             `json:"state"`
	StateSince        time.Time          `json:"state_since"`
	Email             string             `json:"email"`
	AnonymousCartID   *string            `json:"anonymous_cart_id"`
	Newsletter        bool               `json:"newsletter"`
	TermsAgreedAt     time.Time          `json:"terms_agreed_at"`
	SessionID         *string            `json:"session_id"`
	SessionExpiresAt  *time.Time         `json:"session_expires_at"`
	Currency          string             `json:"currency"`
	ItemSubtotal      string             `json:"item_subtotal"`
	ItemDiscount      string             `json:"item_discount"`
	Shipping          string             `json:"shipping"`
	ShippingDiscount  string             `json:"shipping_discount"`
	Total             string             `json:"total"`
	ShippingMethod    string             `json:"shipping_method"`
	Lines             []LineExtract      `json:"lines"`
	PaymentExceptions []ExceptionExtract `json:"payment_exceptions"`
}

// LineExtract is what was to be bought of one SKU; the price is that of one piece.
type LineExtract struct {
	SkuID             int64   `json:"sku_id"`
	Quantity          int32   `json:"quantity"`
	Price             string  `json:"price"`
	ProductIdentifier string  `json:"product_identifier"`
	ProductTitle      string  `json:"product_title"`
	Color             *string `json:"color"`
	Size              *string `json:"size"`
}

// ExceptionExtract is a payment that became no order.
type ExceptionExtract struct {
	Reason        string     `json:"reason"`
	SessionID     string     `json:"session_id"`
	PaymentIntent string     `json:"payment_intent_id"`
	Email         string     `json:"email"`
	Currency      string     `json:"currency"`
	Total         string     `json:"total"`
	NoticedAt     time.Time  `json:"noticed_at"`
	ResolvedAt    *time.Time `json:"resolved_at"`
	Resolution    *string    `json:"resolution"`
}

// ExtractsOf are the checkouts of an account and those of the guest's orders that it claimed, oldest first; not nil. Others
// that a guest began at the same browser are left out: it may have been somebody else.
func ExtractsOf(ctx context.Context, tx pgx.Tx, accountID int64) ([]Extract, error) {
	queries := dbgen.New(tx)
	rows, err := queries.ListCheckoutsOfAccount(ctx, accountID)
	if err != nil {
		return nil, fmt.Errorf("list checkouts of account: %w", err)
	}
	extracts := make([]Extract, len(rows))
	for i, row := range rows {
		if extracts[i], err = extractOf(ctx, queries, row); err != nil {
			return nil, fmt.Errorf("read checkout %s: %w", row.Reference, err)
		}
	}
	return extracts, nil
}

func extractOf(ctx context.Context, queries *dbgen.Queries, row dbgen.Checkout) (Extract, error) {
	lines, err := queries.ListCheckoutLines(ctx, row.ID)
	if err != nil {
		return Extract{}, fmt.Errorf("lines: %w", err)
	}
	exceptions, err := queries.ListExceptionsOfCheckouts(ctx, []int64{row.ID})
	if err != nil {
		return Extract{}, fmt.Errorf("payment exceptions: %w", err)
	}
	return Extract{
		Reference: row.Reference, CreatedAt: row.CreatedAt, State: row.State, StateSince: row.StateSince, Email: row.Email,
		AnonymousCartID: row.AnonymousCartID, Newsletter: row.Newsletter, TermsAgreedAt: row.TermsAgreedAt,
		SessionID: row.SessionID, SessionExpiresAt: row.SessionExpiresAt, Currency: row.Currency,
		ItemSubtotal: money.Format(row.ItemSubtotalMinor), ItemDiscount: money.Format(row.ItemDiscountMinor),
		Shipping: money.Format(row.ShippingMinor), ShippingDiscount: money.Format(row.ShippingDiscountMinor), Total: money.Format(row.TotalMinor),
		ShippingMethod: row.ShippingIdentifier, Lines: extractLines(lines), PaymentExceptions: extractExceptions(exceptions),
	}, nil
}

func extractLines(rows []dbgen.CheckoutLine) []LineExtract {
	lines := make([]LineExtract, len(rows))
	for i, row := range rows {
		lines[i] = LineExtract{
			SkuID: row.SkuID, Quantity: row.Quantity, Price: money.Format(row.PriceMinor),
			ProductIdentifier: row.ProductIdentifier, ProductTitle: row.ProductTitle, Color: row.Color, Size: row.Size,
		}
	}
	return lines
}

func extractExceptions(rows []dbgen.PaymentException) []ExceptionExtract {
	exceptions := make([]ExceptionExtract, len(rows))
	for i, row := range rows {
		exceptions[i] = ExceptionExtract{
			Reason: row.Reason, SessionID: row.SessionID, PaymentIntent: row.PaymentIntent, Email: row.Email, Currency: row.Currency,
			Total: money.Format(row.TotalMinor), NoticedAt: row.NoticedAt, ResolvedAt: row.ResolvedAt, Resolution: row.Resolution,
		}
	}
	return exceptions
}
