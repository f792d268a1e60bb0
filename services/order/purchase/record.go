package purchase

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	identifierLength = 10 // contract order.md 7
	identifierDraws  = 20 // all taken only when something is very wrong
)

// PaymentConstraint is violated when a payment already made another order.
const PaymentConstraint = "purchase_payment_key_key"

// Record writes the order of a sale within tx, all of it, and queues its confirmation mail: either everything is there
// when tx commits, or nothing. It answers the order's identifier. A unique constraint of the database fails it when
// the checkout, the session or the payment made an order before.
func (p *Purchases) Record(ctx context.Context, tx pgx.Tx, sale Sale) (string, error) {
	queries, at := dbgen.New(tx), p.now().UTC()
	id, order, err := insertPurchase(ctx, queries, sale, at)
	if err != nil {
		return "", fmt.Errorf("write order: %w", err)
	}
	if err := writeParts(ctx, queries, id, sale, at); err != nil {
		return "", fmt.Errorf("write order %s: %w", order, err)
	}
	return order, p.queueConfirmation(ctx, tx, order)
}

func insertPurchase(ctx context.Context, queries *dbgen.Queries, sale Sale, at time.Time) (int64, string, error) {
	row := purchaseRow(sale, at)
	for range identifierDraws {
		row.Identifier = identifier.New(identifierLength)
		id, err := queries.InsertPurchase(ctx, row)
		if errors.Is(err, pgx.ErrNoRows) {
			continue // taken
		}
		return id, row.Identifier, err
	}
	return 0, "", errors.New("no free order identifier found")
}

func purchaseRow(sale Sale, at time.Time) dbgen.InsertPurchaseParams {
	sums := sale.amounts()
	return dbgen.InsertPurchaseParams{
		CheckoutID:            sale.CheckoutID,
		SessionID:             sale.Session.GetSessionId(),
		PaymentKey:            sale.paymentKey(),
		AccountID:             orNull(sale.AccountID),
		Email:                 clean(cmp.Or(sale.Session.GetCustomerEmail(), sale.Email)),
		CustomerName:          clean(sale.Session.GetCustomerName()),
		Newsletter:            sale.Newsletter,
		Currency:              sale.Session.GetCurrency(),
		ItemSubtotalMinor:     sums.itemSubtotal,
		ItemDiscountMinor:     sums.itemDiscount,
		ShippingMinor:         sums.shipping,
		ShippingDiscountMinor: sums.shippingDiscount,
		SalesTaxMinor:         sums.tax,
		TotalMinor:            sums.total,
		TermsAgreedAt:         sale.TermsAgreedAt,
		OrderedAt:             at,
	}
}

func writeParts(ctx context.Context, queries *dbgen.Queries, id int64, sale Sale, at time.Time) error {
	lines := SpreadDiscount(slices.Clone(sale.Lines), sale.amounts().itemDiscount)
	if _, err := queries.InsertPurchaseLines(ctx, lineRows(id, lines)); err != nil {
		return fmt.Errorf("lines: %w", err)
	}
	if discounts := sale.discounts(at); len(discounts) > 0 {
		if _, err := queries.InsertPurchaseDiscounts(ctx, discountRows(id, discounts)); err != nil {
			return fmt.Errorf("discounts: %w", err)
		}
	}
	if err := queries.InsertPurchaseShippingMethod(ctx, dbgen.InsertPurchaseShippingMethodParams{
		PurchaseID: id, Identifier: sale.Shipping.Identifier, Carrier: sale.Shipping.Carrier, TrackingBaseUrl: sale.Shipping.TrackingBaseURL,
	}); err != nil {
		return fmt.Errorf("shipping method: %w", err)
	}
	if err := queries.InsertPurchasePayment(ctx, paymentRow(id, sale.Session)); err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if err := writeAddresses(ctx, queries, id, sale.Session); err != nil {
		return fmt.Errorf("address: %w", err)
	}
	status := sale.FirstStatus
	return queries.InsertPurchaseStatus(ctx, dbgen.InsertPurchaseStatusParams{
		PurchaseID: id, Identifier: status.Identifier, Title: status.Title, Description: status.Description, SetAt: at,
	})
}

func lineRows(id int64, lines []Line) []dbgen.InsertPurchaseLinesParams {
	rows := make([]dbgen.InsertPurchaseLinesParams, len(lines))
	for i, line := range lines {
		rows[i] = dbgen.InsertPurchaseLinesParams{
			PurchaseID:           id,
			Position:             int32(i + 1),
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
			ProductTitleUrl:      line.ProductTitleURL,
			ImageUrl:             line.ImageURL,
		}
	}
	return rows
}

func discountRows(id int64, discounts []Discount) []dbgen.InsertPurchaseDiscountsParams {
	rows := make([]dbgen.InsertPurchaseDiscountsParams, len(discounts))
	for i, discount := range discounts {
		rows[i] = dbgen.InsertPurchaseDiscountsParams{
			PurchaseID: id, Position: int32(i + 1), DiscountCodeID: orNull(discount.CodeID), //nolint:gosec // a handful
			Code: discount.Code, Description: discount.Description, StartsAt: discount.StartsAt, EndsAt: discount.EndsAt,
			Combinable: discount.Combinable, AmountHundredths: discount.AmountHundredths, OrderMinimumMinor: discount.OrderMinimumMinor,
			TypeTitle: discount.TypeTitle, TypeDescription: discount.TypeDescription, AppliesTo: discount.AppliesTo, Action: discount.Action,
			Applied: discount.Applied, DiscountMinor: discount.TakenMinor,
		}
	}
	return rows
}

// paymentRow keeps Stripe's figures as Stripe said them. The type is always "card", and of the card itself Stripe
// tells us nothing (contract payment.md 7).
func paymentRow(id int64, session *paymentv1.Session) dbgen.InsertPurchasePaymentParams {
	return dbgen.InsertPurchasePaymentParams{
		PurchaseID:      id,
		PaymentType:     "card",
		PaymentIntentID: orNull(session.GetPaymentIntentId()),
		CardName:        clean(session.GetCustomerName()),
		Currency:        session.GetCurrency(),
		SubtotalMinor:   session.GetSubtotalMinor(),
		DiscountMinor:   session.GetDiscountMinor(),
		TaxMinor:        session.GetTaxMinor(),
		ShippingMinor:   session.GetShippingMinor(),
		TotalMinor:      session.GetTotalMinor(),
	}
}

// writeAddresses keeps both addresses, with line 2 and the phone number that the carrier may need (P-16).
func writeAddresses(ctx context.Context, queries *dbgen.Queries, id int64, session *paymentv1.Session) error {
	shipping := addressRow(id, "shipping", session.GetShippingAddress(), session)
	if err := queries.InsertPurchaseAddress(ctx, shipping); err != nil {
		return err
	}
	return queries.InsertPurchaseAddress(ctx, addressRow(id, "billing", session.GetBillingAddress(), session))
}

func addressRow(id int64, kind string, address *paymentv1.Address, session *paymentv1.Session) dbgen.InsertPurchaseAddressParams {
	return dbgen.InsertPurchaseAddressParams{
		PurchaseID: id,
		Kind:       kind,
		Name:       clean(cmp.Or(address.GetName(), session.GetCustomerName())),
		Line1:      clean(address.GetLine1()),
		Line2:      clean(address.GetLine2()),
		City:       clean(address.GetCity()),
		State:      clean(address.GetState()),
		PostalCode: clean(address.GetPostalCode()),
		Country:    clean(address.GetCountry()),
		Phone:      clean(session.GetCustomerPhone()),
	}
}

// orNull is nil for the zero value.
func orNull[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}
