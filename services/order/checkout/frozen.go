package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	// referencePrefix makes a payment of ours known even when its checkout is lost (design section 4.3).
	referencePrefix = "checkout_"
	referenceLength = 32
)

// frozen is a checkout as it was written, with its lines and codes.
type frozen struct {
	dbgen.Checkout
	lines     []purchase.Line
	discounts []purchase.Discount
}

// freeze writes the draft as the open checkout of its cart, if the goods and the codes can be promised. From then on they are:
// a checkout that may be paid counts (PromisedPieces, package discount).
func (c *Checkouts) freeze(ctx context.Context, tx pgx.Tx, draft draft, fingerprint string) (frozen, error) {
	if err := c.promise(ctx, tx, draft.content); err != nil {
		return frozen{}, err
	}
	at := c.now()
	row := dbgen.InsertCheckoutParams{
		Reference:               referencePrefix + identifier.New(referenceLength),
		CartID:                  draft.cartID,
		AccountID:               orNull(draft.content.AccountID),
		AnonymousCartID:         orNull(draft.anonymousID),
		Email:                   draft.content.Email,
		Fingerprint:             fingerprint,
		Currency:                draft.content.Currency,
		ItemSubtotalMinor:       draft.content.ItemSubtotalMinor,
		ItemDiscountMinor:       draft.content.ItemDiscountMinor,
		ShippingMinor:           draft.content.ShippingMinor,
		ShippingDiscountMinor:   draft.content.ShippingDiscountMinor,
		DiscountCodes:           int32(len(draft.content.Discounts)), //nolint:gosec // a cart has a handful
		TotalMinor:              draft.content.totalMinor(),
		ShippingIdentifier:      draft.content.Shipping.Identifier,
		ShippingCarrier:         draft.content.Shipping.Carrier,
		ShippingTrackingBaseUrl: draft.content.Shipping.TrackingBaseURL,
		CreatedAt:               at,
		Traceparent:             c.traceparent(ctx),
		Newsletter:              draft.newsletter,
		NextCheckAt:             at.Add(c.firstCheck()),
	}
	var failed [2]error
	row.Lines, failed[0] = purchase.LineRows(draft.content.Lines)
	row.Discounts, failed[1] = purchase.DiscountRows(draft.content.Discounts)
	if err := errors.Join(failed[:]...); err != nil {
		return frozen{}, fmt.Errorf("freeze cart: %w", err)
	}
	written, err := dbgen.New(tx).InsertCheckout(ctx, row)
	if err != nil {
		return frozen{}, fmt.Errorf("freeze cart: %w", err)
	}
	return frozen{Checkout: dbgen.Checkout(written), lines: draft.content.Lines, discounts: draft.content.Discounts}, nil
}

// find reads the checkout that a session belongs to; false when it is none of ours.
func (c *Checkouts) find(ctx context.Context, session *paymentv1.Session) (frozen, bool, error) {
	queries := dbgen.New(c.db)
	row, err := queries.FindCheckoutOfSession(ctx, dbgen.FindCheckoutOfSessionParams{
		Reference: storable(session.GetReference()), SessionID: storable(session.GetSessionId()),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return frozen{}, false, nil
	}
	if err != nil {
		return frozen{}, false, fmt.Errorf("find checkout: %w", err)
	}
	lines, err := queries.ListCheckoutLines(ctx, row.ID)
	if err != nil {
		return frozen{}, false, fmt.Errorf("read lines of checkout: %w", err)
	}
	found := frozen{Checkout: row, lines: linesOf(lines)}
	if row.DiscountCodes == 0 {
		return found, true, nil
	}
	codes, err := queries.ListCheckoutDiscounts(ctx, row.ID)
	if err != nil {
		return frozen{}, false, fmt.Errorf("read codes of checkout: %w", err)
	}
	found.discounts = frozenDiscounts(codes)
	return found, true, nil
}

func linesOf(rows []dbgen.CheckoutLine) []purchase.Line {
	lines := make([]purchase.Line, len(rows))
	for i, row := range rows {
		lines[i] = purchase.Line{
			SkuID:      row.SkuID,
			Quantity:   row.Quantity,
			PriceMinor: row.PriceMinor,

			DiscountMinor: row.DiscountMinor,

			Color:       row.Color,
			Size:        row.Size,
			Description: row.Description,
			Inventory: catalogue.Inventory{
				Identifier: row.InventoryIdentifier, Title: row.InventoryTitle, Description: row.InventoryDescription,
			},
			ProductIdentifier: row.ProductIdentifier,
			ProductTitle:      row.ProductTitle,
			ProductTitleURL:   row.ProductTitleUrl,
			ImageURL:          row.ImageUrl,
		}
	}
	return lines
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

// purchased is what the cart loses when the checkout becomes an order.
func (f frozen) purchased() []cart.Purchased {
	lines := make([]cart.Purchased, len(f.lines))
	for i, line := range f.lines {
		lines[i] = cart.Purchased{SkuID: line.SkuID, Quantity: line.Quantity}
	}
	return lines
}

// sessionIsLive tells whether the customer can still be sent to the session, with time enough to pay.
func (f frozen) sessionIsLive(now time.Time) bool {
	return f.SessionID != nil && f.SessionExpiresAt.After(now.Add(sessionMargin))
}

func orNull[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}
