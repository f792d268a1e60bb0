package privacy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// object is an object of the exported document, at a path of keys and positions.
func object(t *testing.T, document any, path ...any) map[string]any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			document = document.(map[string]any)[step]
		case int:
			require.Greater(t, len(document.([]any)), step)
			document = document.([]any)[step]
		}
	}
	return document.(map[string]any)
}

func exported(t *testing.T, shop *checkouttest.Shop, accountID string) any {
	t.Helper()
	var document any
	require.NoError(t, json.Unmarshal([]byte(export(t, shop, accountID)), &document))
	return document
}

// requireHas asks for exactly these values; others may stand beside them.
func requireHas(t *testing.T, object, expected map[string]any) {
	t.Helper()
	for key, value := range expected {
		require.Contains(t, object, key)
		require.EqualValues(t, value, object[key], key)
	}
}

// boughtWithACode is an order of the member, whose codes took a tenth off.
func boughtWithACode(t *testing.T, shop *checkouttest.Shop) string {
	t.Helper()
	shop.Exec(t, `INSERT INTO discount_code (code, description, starts_at, ends_at, discount_type_id, amount_hundredths, created_at)
		VALUES ('TENTH', '{} off', '2019-04-01Z', '2027-01-01Z', 1, 1000, '2019-04-01Z')`)
	member := checkouttest.Member(7)
	shop.Fill(t, member, checkouttest.PaperClips, 2)
	_, err := shop.Carts.ApplyDiscountCode(t.Context(), &orderv1.ApplyDiscountCodeRequest{Shopper: member, Code: "TENTH"})
	require.NoError(t, err)
	session := shop.Start(t, member)
	require.True(t, shop.Payment.Pay(session))
	return shop.Complete(t, session)
}

func TestExportTellsWhyMoneyWentBackAndWhoSentIt(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	order := boughtWithACode(t, shop)
	ask := func(key string, restock bool) error {
		_, err := shop.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{
			OrderIdentifier: order, Key: key, AmountMinor: 100, RestockAll: restock, By: "bob", Note: "came late",
		})
		return err
	}
	require.NoError(t, ask("first", true))
	shop.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_FAILED)
	_ = ask("second", false)

	document := exported(t, shop, "7")

	requireHas(t, object(t, document, "orders", 0, "refunds", 0), map[string]any{
		"key": "first", "note": "came late", "requested_by": "bob", "failure": "", "state": "succeeded",
	})
	requireHas(t, object(t, document, "orders", 0, "refunds", 1), map[string]any{
		"key": "second", "note": "came late", "requested_by": "bob", "failure": "failed at stripe or the bank", "state": "failed",
	})
	requireHas(t, object(t, document, "orders", 0, "restocks", 0), map[string]any{
		"sku_id": checkouttest.PaperClips, "quantity": 2, "refund_key": "first", "restocked_at": "2026-11-23T10:00:00Z",
	})
	requireHas(t, object(t, document, "checkouts", 0, "discounts", 0), map[string]any{
		"code": "TENTH", "description": "{} off", "applied": true, "discount": "0.70",
	})
	requireHas(t, object(t, document, "checkouts", 0, "lines", 0), map[string]any{"price": "3.50", "discount": "0.70"})
	requireHas(t, object(t, document, "checkouts", 0, "payment_exceptions", 0), map[string]any{
		"reason": "refund-failed", "detail": "refund second of 1.00: failed at stripe or the bank", "proposed_refund": "1.00", "order_identifier": order,
	})
}

func TestExportTellsOfMoneyThatBecameNoOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	member := checkouttest.Member(7)
	shop.Fill(t, member, checkouttest.PaperClips, 2)
	session := shop.Start(t, member)
	require.True(t, shop.Payment.Pay(session, func(s *paymentv1.Session) { s.Currency = "cad" }))
	_, err := shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})
	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	id := int64(shop.Count(t, "SELECT id::integer FROM payment_exception WHERE reason = 'currency-mismatch'"))
	shop.Clock.Advance(time.Hour)
	_, err = shop.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: id, By: "olga", Note: "sent back", Refund: true})
	require.NoError(t, err)
	shop.Payment.Dispute(t, "du_1", session, "lost")
	require.NoError(t, shop.Refunds.LearnDispute(t.Context(), "du_1"))

	document := exported(t, shop, "7")

	requireHas(t, object(t, document, "checkouts", 0, "payment_exceptions", 0), map[string]any{
		"reason": "currency-mismatch", "total": "16.56", "expected": "16.56", "currency": "cad",
		"resolved_by": "olga", "resolution": "sent back", "resolved_at": "2026-11-23T11:00:00Z",
	})
	requireHas(t, object(t, document, "checkouts", 0, "payment_exceptions", 1), map[string]any{
		"reason": "dispute", "detail": "du_1: fraudulent, lost, 16.56 cad", "expected": nil,
	})
	requireHas(t, object(t, document, "checkouts", 0, "refunds", 0), map[string]any{
		"amount": "16.56", "currency": "cad", "requested_by": "olga", "note": "sent back", "state": "succeeded",
	})
	requireHas(t, object(t, document, "checkouts", 0, "disputes", 0), map[string]any{"dispute_id": "du_1", "status": "lost"})
	require.Empty(t, document.(map[string]any)["orders"])
}
