package books_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
)

// refund is a refund of the only order that no other book knows of.
func refund(state string, amountMinor int) string {
	return fmt.Sprintf(`INSERT INTO refund (key, purchase_id, payment_intent, amount_minor, currency, state, refund_id, requested_by, note, requested_at, settled_at)
		SELECT 'x', id, payment_key, %d, 'usd', '%s', 're_1', 'ada', '', now(), now() FROM purchase`, amountMinor, state)
}

// givenBack is money that went back under an exception about the session of the only checkout.
func givenBack(reason, state string) string {
	return fmt.Sprintf(`WITH x AS (
			INSERT INTO payment_exception (session_id, reason, reference, payment_intent, currency, subtotal_minor, discount_minor, tax_minor,
				shipping_minor, total_minor, email, noticed_at, resolved_at, resolved_by, resolution)
			SELECT session_id, '%s', reference, 'pi_of_' || session_id, 'usd', 1, 0, 0, 0, 1, '', now(), now(), 'ada', 'given back' FROM checkout
			RETURNING id, payment_intent)
		INSERT INTO refund (key, exception_id, payment_intent, amount_minor, currency, state, refund_id, requested_by, note, requested_at, settled_at)
		SELECT 'exception/' || x.id, x.id, x.payment_intent, 1, 'usd', '%s', 're_1', 'ada', '', checkout.created_at - interval '2 hours', now() FROM x, checkout`, reason, state)
}

// bought makes a shop with one paid order, of paper clips that are counted and of rubber bands that are not.
func bought(t *testing.T) *checkouttest.Shop {
	t.Helper()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ada", shop.Clock.Now().Add(-time.Hour)))
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Fill(t, guest, checkouttest.RubberBands, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Complete(t, session)
	return shop
}

func TestAuditNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const parts = `DELETE FROM purchase_status; DELETE FROM purchase_payment; DELETE FROM purchase_address;
		DELETE FROM purchase_shipping_method; DELETE FROM purchase_line;`
	wrongs := map[string]string{
		"completed-checkout-without-order":    parts + "DELETE FROM purchase",
		"order-of-uncompleted-checkout":       "UPDATE checkout SET state = 'expired'",
		"order-lines-do-not-add-up":           "UPDATE purchase_line SET quantity = 5",
		"order-is-not-what-was-paid":          "UPDATE purchase_payment SET total_minor = total_minor - 1",
		"order-is-not-what-was-frozen":        "UPDATE checkout SET shipping_minor = shipping_minor + 1, total_minor = total_minor + 1",
		"order-lines-are-not-what-was-frozen": "DELETE FROM purchase_line WHERE position = 2",
		"order-is-incomplete":                 "DELETE FROM purchase_address WHERE kind = 'shipping'",
		"confirmation-mail-not-handed-over":   "UPDATE purchase SET ordered_at = ordered_at - interval '2 hours'",
		"payment-exception": `INSERT INTO payment_exception (session_id, reason, reference, payment_intent, currency, subtotal_minor,
			discount_minor, tax_minor, shipping_minor, total_minor, email, noticed_at)
			VALUES ('cs', 'paid-again', 'checkout_x', '', 'usd', 1, 0, 0, 0, 1, '', now())`,
		"checkout-not-watched": "UPDATE checkout SET state = 'open', next_check_at = '2026-11-23 00:00Z'",

		"order-lines-do-not-share-the-discount": "UPDATE purchase_line SET discount_minor = 1 WHERE position = 1",
		"order-discounts-do-not-add-up": `INSERT INTO purchase_discount
			SELECT id, 1, 1, 'TEN', '', now(), now(), false, 1000, 0, '', '', 'item_total', 'percent-off', true, 10 FROM purchase`,
		"notice-mail-not-handed-over": `INSERT INTO purchase_status (purchase_id, identifier, title, description, set_at)
			SELECT id, 'shipped', 'Shipped', '', ordered_at - interval '2 hours' FROM purchase`,
		"refunded-more-than-was-paid": refund("succeeded", 9999),
		"refund-does-not-come-to-an-end": `INSERT INTO refund (key, purchase_id, payment_intent, amount_minor, currency, state, requested_by, note, requested_at, next_check_at)
			SELECT 'x', id, payment_key, 100, 'usd', 'pending', 'ada', '', ordered_at - interval '2 hours', now() FROM purchase`,
		"refunded-order-without-its-status":       refund("succeeded", 100),
		"dispute-without-exception":               "INSERT INTO dispute SELECT 'dp_1', id, payment_key, 1, 'usd', 'fraudulent', 'needs_response', now(), now() FROM purchase",
		"stock-does-not-add-up":                   "UPDATE stock SET on_hand = on_hand + 1",
		"sold-stock-is-not-what-was-ordered":      "UPDATE stock_movement SET change = change - 1 WHERE reason = 'sold'",
		"ordered-goods-were-not-taken-from-stock": "DELETE FROM stock_movement WHERE reason = 'sold'",
		"more-restocked-than-was-ordered": `INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, order_identifier, moved_at)
			SELECT sku_id, 5, 5, 'restocked', order_identifier, moved_at FROM stock_movement WHERE reason = 'sold'`,
		"money-of-order-given-back-under-an-exception":  givenBack("paid-without-order", "succeeded"),
		"checkout-open-though-its-money-was-given-back": "UPDATE checkout SET state = 'open', next_check_at = created_at; " + givenBack("paid-without-order", "succeeded"),
		"reservation-outlives-its-session": `INSERT INTO checkout OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(c, jsonb_build_object('id', c.id + 1, 'reference', 'checkout_' || repeat('x', 32),
			'cart_id', 99, 'session_id', 'cs_x', 'session_expires_at', c.created_at - interval '2 hours', 'state', 'open', 'next_check_at', c.created_at - interval '119 minutes'))).* FROM checkout c;
			INSERT INTO checkout_line SELECT (jsonb_populate_record(l, jsonb_build_object('checkout_id', l.checkout_id + 1))).* FROM checkout_line l`,
	}
	for rule, wrong := range wrongs {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			shop := bought(t)
			require.Empty(t, shop.Violations(t))
			shop.Exec(t, wrong)

			var rules []string
			for _, violation := range shop.Violations(t) {
				rules = append(rules, violation.Rule)
			}

			require.Contains(t, rules, rule)
		})
	}
}

func TestAuditTask(t *testing.T) {
	t.Parallel()
	shop := bought(t)
	var out bytes.Buffer
	require.NoError(t, books.AuditTask(t.Context(), shop.DB, shop.Clock.Now(), nil, &out))
	require.Equal(t, "1 checkouts, 1 orders over 43.04, 0 violations\n", out.String())

	out.Reset()
	err := books.AuditTask(t.Context(), shop.DB, shop.Clock.Now(), []string{"-patience", "0s"}, &out)
	require.Error(t, err, "the mail was not handed over yet")
	require.Regexp(t, `(?m)^confirmation-mail-not-handed-over [A-Za-z0-9]{10}$`, out.String())

	require.Error(t, books.AuditTask(t.Context(), shop.DB, shop.Clock.Now(), []string{"-nonsense"}, &out))
}

func TestAuditIsSatisfiedOnceTheMailIsHandedOver(t *testing.T) {
	t.Parallel()
	shop := bought(t)
	shop.WorkJobs(t)
	require.Eventually(t, func() bool {
		report, err := books.Audit(t.Context(), shop.DB, shop.Clock.Now(), 0)
		require.NoError(t, err)
		return len(report.Violations) == 0
	}, 15*time.Second, 10*time.Millisecond)
}

func TestAuditIsSatisfiedWithWhatShopsDo(t *testing.T) {
	t.Parallel()
	for name, done := range map[string]string{
		"nothing":                 "SELECT 1",
		"a refund that failed":    refund("failed", 9999),
		"a dispute that was won":  "INSERT INTO dispute SELECT 'dp_1', id, payment_key, 1, 'usd', 'fraudulent', 'won', now(), now() FROM purchase",
		"counting begun later":    "INSERT INTO stock VALUES (7, 5, now()); INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, moved_at) SELECT 7, 5, 5, 'set', ordered_at + interval '1 second' FROM purchase",
		"counting stopped before": "DELETE FROM stock; DELETE FROM stock_movement WHERE reason = 'sold'; INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, moved_at) SELECT 1, -10, 0, 'set', ordered_at - interval '1 minute' FROM purchase",
		"a notice of nobody":      "UPDATE purchase SET email = ''; INSERT INTO purchase_status (purchase_id, identifier, title, description, set_at) SELECT id, 'shipped', 'Shipped', '', ordered_at - interval '2 hours' FROM purchase",
		"money sent once more":    givenBack("refund-failed", "succeeded"),
		"money that stayed":       "UPDATE checkout SET next_check_at = NULL; " + givenBack("paid-without-order", "failed"),
		"a SKU that is gone":      "DELETE FROM sku WHERE id = 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := bought(t)
			shop.Exec(t, done)
			require.Empty(t, shop.Violations(t))
		})
	}
}
