package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// Extract is a checkout as whom it is about gets it. Amounts are text with two decimals, in the currency beside them; times
// are UTC. Keys stay as they are: others read them. Refunds and disputes are of payments that became no order.
type Extract struct {
	Reference         string                     `json:"reference"`
	CreatedAt         time.Time                  `json:"created_at"`
	State             string                     `json:"state"`
	StateSince        time.Time                  `json:"state_since"`
	Email             string                     `json:"email"`
	AnonymousCartID   *string                    `json:"anonymous_cart_id"`
	Newsletter        bool                       `json:"newsletter"`
	TermsAgreedAt     time.Time                  `json:"terms_agreed_at"`
	SessionID         *string                    `json:"session_id"`
	SessionExpiresAt  *time.Time                 `json:"session_expires_at"`
	Currency          string                     `json:"currency"`
	ItemSubtotal      string                     `json:"item_subtotal"`
	ItemDiscount      string                     `json:"item_discount"`
	Shipping          string                     `json:"shipping"`
	ShippingDiscount  string                     `json:"shipping_discount"`
	Total             string                     `json:"total"`
	ShippingMethod    string                     `json:"shipping_method"`
	Lines             []LineExtract              `json:"lines"`
	Discounts         []purchase.DiscountExtract `json:"discounts"`
	PaymentExceptions []ExceptionExtract         `json:"payment_exceptions"`
	Refunds           []purchase.RefundExtract   `json:"refunds"`
	Disputes          []purchase.DisputeExtract  `json:"disputes"`
}

// LineExtract is what was to be bought of one SKU; the price is that of one piece.
type LineExtract struct {
	SkuID             int64   `json:"sku_id"`
	Quantity          int32   `json:"quantity"`
	Price             string  `json:"price"`
	Discount          string  `json:"discount"`
	ProductIdentifier string  `json:"product_identifier"`
	ProductTitle      string  `json:"product_title"`
	Color             *string `json:"color"`
	Size              *string `json:"size"`
}

// ExceptionExtract is what people had to decide about the payment, or about the order that it became.
type ExceptionExtract struct {
	Reason          string     `json:"reason"`
	Detail          string     `json:"detail"`
	Reference       string     `json:"reference"`
	OrderIdentifier string     `json:"order_identifier"` // empty when there is none
	SessionID       string     `json:"session_id"`
	PaymentIntent   string     `json:"payment_intent_id"`
	Email           string     `json:"email"`
	Currency        string     `json:"currency"`
	Subtotal        string     `json:"subtotal"`
	Discount        string     `json:"discount"`
	Tax             string     `json:"tax"`
	Shipping        string     `json:"shipping"`
	Total           string     `json:"total"`
	Expected        *string    `json:"expected"`        // null when nothing was asked for
	ProposedRefund  string     `json:"proposed_refund"` // what was proposed to go back
	NoticedAt       time.Time  `json:"noticed_at"`
	ResolvedAt      *time.Time `json:"resolved_at"`
	ResolvedBy      *string    `json:"resolved_by"`
	Resolution      *string    `json:"resolution"`
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
	discounts, err := queries.ListCheckoutDiscounts(ctx, row.ID)
	if err != nil {
		return Extract{}, fmt.Errorf("discounts: %w", err)
	}
	extract := headOf(row)
	extract.Lines, extract.Discounts, extract.PaymentExceptions = extractLines(lines), extractDiscounts(discounts), extractExceptions(exceptions)
	if extract.Refunds, err = refundsOf(ctx, queries, row.ID); err != nil {
		return Extract{}, err
	}
	extract.Disputes, err = disputesOf(ctx, queries, row.ID)
	return extract, err
}

func headOf(row dbgen.Checkout) Extract {
	return Extract{
		Reference: row.Reference, CreatedAt: row.CreatedAt, State: row.State, StateSince: row.StateSince, Email: row.Email,
		AnonymousCartID: row.AnonymousCartID, Newsletter: row.Newsletter, TermsAgreedAt: row.TermsAgreedAt,
		SessionID: row.SessionID, SessionExpiresAt: row.SessionExpiresAt, Currency: row.Currency,
		ItemSubtotal: money.Format(row.ItemSubtotalMinor), ItemDiscount: money.Format(row.ItemDiscountMinor),
		Shipping: money.Format(row.ShippingMinor), ShippingDiscount: money.Format(row.ShippingDiscountMinor), Total: money.Format(row.TotalMinor),
		ShippingMethod: row.ShippingIdentifier,
	}
}

func extractLines(rows []dbgen.CheckoutLine) []LineExtract {
	lines := make([]LineExtract, len(rows))
	for i, row := range rows {
		lines[i] = LineExtract{
			SkuID: row.SkuID, Quantity: row.Quantity, Price: money.Format(row.PriceMinor), Discount: money.Format(row.DiscountMinor),
			ProductIdentifier: row.ProductIdentifier, ProductTitle: row.ProductTitle, Color: row.Color, Size: row.Size,
		}
	}
	return lines
}

func extractDiscounts(rows []dbgen.CheckoutDiscount) []purchase.DiscountExtract {
	discounts := make([]purchase.DiscountExtract, len(rows))
	for i, row := range rows {
		discounts[i] = purchase.DiscountExtract{
			Code: row.Code, Description: row.Description, Applied: row.Applied, Discount: money.Format(row.DiscountMinor),
		}
	}
	return discounts
}

func extractExceptions(rows []dbgen.PaymentException) []ExceptionExtract {
	exceptions := make([]ExceptionExtract, len(rows))
	for i, row := range rows {
		exceptions[i] = ExceptionExtract{
			Reason: row.Reason, Detail: row.Detail, Reference: row.Reference, OrderIdentifier: row.OrderIdentifier, SessionID: row.SessionID,
			PaymentIntent: row.PaymentIntent, Email: row.Email, Currency: row.Currency, Subtotal: money.Format(row.SubtotalMinor),
			Discount: money.Format(row.DiscountMinor), Tax: money.Format(row.TaxMinor), Shipping: money.Format(row.ShippingMinor),
			Total: money.Format(row.TotalMinor), ProposedRefund: money.Format(row.ProposedRefundMinor),
			NoticedAt: row.NoticedAt, ResolvedAt: row.ResolvedAt, ResolvedBy: row.ResolvedBy, Resolution: row.Resolution,
		}
		if row.ExpectedMinor != nil {
			expected := money.Format(*row.ExpectedMinor)
			exceptions[i].Expected = &expected
		}
	}
	return exceptions
}

func refundsOf(ctx context.Context, queries *dbgen.Queries, checkoutID int64) ([]purchase.RefundExtract, error) {
	rows, err := queries.ListRefundsOfCheckout(ctx, checkoutID)
	if err != nil {
		return nil, fmt.Errorf("refunds: %w", err)
	}
	refunds := make([]purchase.RefundExtract, len(rows))
	for i, row := range rows {
		refunds[i] = purchase.RefundExtract{
			Key: row.Key, Amount: money.Format(row.AmountMinor), Currency: row.Currency, State: row.State, RefundID: row.RefundID,
			Failure: row.Failure, RequestedBy: row.RequestedBy, Note: row.Note, RequestedAt: row.RequestedAt, SettledAt: row.SettledAt,
		}
	}
	return refunds, nil
}

func disputesOf(ctx context.Context, queries *dbgen.Queries, checkoutID int64) ([]purchase.DisputeExtract, error) {
	rows, err := queries.ListDisputesOfCheckout(ctx, checkoutID)
	if err != nil {
		return nil, fmt.Errorf("disputes: %w", err)
	}
	disputes := make([]purchase.DisputeExtract, len(rows))
	for i, row := range rows {
		disputes[i] = purchase.DisputeExtract{
			DisputeID: row.DisputeID, Amount: money.Format(row.AmountMinor), Currency: row.Currency, Reason: row.Reason, Status: row.Status,
			OpenedAt: row.OpenedAt, ClosedAt: row.ClosedAt,
		}
	}
	return disputes, nil
}
