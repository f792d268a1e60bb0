package books_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
)

// bought makes a shop with one paid order.
func bought(t *testing.T) *checkouttest.Shop {
	t.Helper()
	shop := checkouttest.Open(t)
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
