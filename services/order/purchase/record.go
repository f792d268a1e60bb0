package purchase

import (
	"cmp"
	"context"
	"encoding/json"
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
	order, err := insertPurchase(ctx, dbgen.New(tx), sale, p.now().UTC())
	if err != nil {
		return "", fmt.Errorf("write order: %w", err)
	}
	return order, p.queueConfirmation(ctx, tx, order)
}

func insertPurchase(ctx context.Context, queries *dbgen.Queries, sale Sale, at time.Time) (string, error) {
	row, err := purchaseRow(sale, at)
	if err != nil {
		return "", err
	}
	for range identifierDraws {
		row.Identifier = identifier.New(identifierLength)
		_, err := queries.InsertPurchase(ctx, row)
		if errors.Is(err, pgx.ErrNoRows) {
			continue // taken
		}
		return row.Identifier, err
	}
	return "", errors.New("no free order identifier found")
}

// purchaseRow keeps Stripe's figures as Stripe said them. The type of payment is always "card", and of the card itself Stripe
// tells us nothing (contract payment.md 7).
func purchaseRow(sale Sale, at time.Time) (dbgen.InsertPurchaseParams, error) {
	sums, session := sale.amounts(), sale.Session
	var failed [3]error
	row := dbgen.InsertPurchaseParams{
		CheckoutID:            sale.CheckoutID,
		SessionID:             session.GetSessionId(),
		PaymentKey:            sale.paymentKey(),
		AccountID:             orNull(sale.AccountID),
		Email:                 clean(cmp.Or(session.GetCustomerEmail(), sale.Email)),
		CustomerName:          clean(session.GetCustomerName()),
		Newsletter:            sale.Newsletter,
		Currency:              session.GetCurrency(),
		ItemSubtotalMinor:     sums.itemSubtotal,
		ItemDiscountMinor:     sums.itemDiscount,
		ShippingMinor:         sums.shipping,
		ShippingDiscountMinor: sums.shippingDiscount,
		SalesTaxMinor:         sums.tax,
		TotalMinor:            sums.total,
		TermsAgreedAt:         sale.TermsAgreedAt,
		OrderedAt:             at,

		ShippingIdentifier:      sale.Shipping.Identifier,
		ShippingCarrier:         sale.Shipping.Carrier,
		ShippingTrackingBaseUrl: sale.Shipping.TrackingBaseURL,

		PaymentType:       "card",
		PaymentIntentID:   orNull(session.GetPaymentIntentId()),
		CardName:          clean(session.GetCustomerName()),
		PaidSubtotalMinor: session.GetSubtotalMinor(),
		PaidDiscountMinor: session.GetDiscountMinor(),
		PaidTaxMinor:      session.GetTaxMinor(),
		PaidShippingMinor: session.GetShippingMinor(),
		PaidTotalMinor:    session.GetTotalMinor(),

		StatusIdentifier:  sale.FirstStatus.Identifier,
		StatusTitle:       sale.FirstStatus.Title,
		StatusDescription: sale.FirstStatus.Description,
	}
	row.Lines, failed[0] = LineRows(SpreadDiscount(slices.Clone(sale.Lines), sums.itemDiscount))
	row.Discounts, failed[1] = DiscountRows(sale.discounts(at))
	// Both, with line 2 and the phone number that the carrier may need (P-16).
	row.Addresses, failed[2] = json.Marshal([]addressRow{
		addressOf("shipping", session.GetShippingAddress(), session), addressOf("billing", session.GetBillingAddress(), session),
	})
	return row, errors.Join(failed[:]...)
}

// addressRow is a row of purchase_address, as JSON for InsertPurchase.
type addressRow struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	City       string `json:"city"`
	State      string `json:"state"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
	Phone      string `json:"phone"`
}

func addressOf(kind string, address *paymentv1.Address, session *paymentv1.Session) addressRow {
	return addressRow{
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
