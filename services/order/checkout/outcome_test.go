package checkout_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
)

// outcome is a row of the table that promises what comes of an event (services/payment/README.md).
type outcome struct{ event, stripeSays, before, after, result string }

// outcomes reads the table; a row that is not understood fails the test that plays it.
func outcomes(t *testing.T) []outcome {
	t.Helper()
	text, err := os.ReadFile("../../payment/README.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "## What comes of it in the order")
	require.True(t, found, "the section with the table")
	var rows []outcome
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "## ") {
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 {
			continue
		}
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		rows = append(rows, outcome{cells[0], cells[1], cells[2], cells[3], cells[4]})
	}
	require.Greater(t, len(rows), 2)
	require.Equal(t, "event", rows[0].event)
	return rows[2:] // below the head and its line
}

func TestEveryOutcomeIsAsPromised(t *testing.T) {
	t.Parallel()
	rows := outcomes(t)
	require.Greater(t, len(rows), 20)
	for _, row := range rows {
		t.Run(strings.Join([]string{row.event, row.stripeSays, row.before}, ", "), func(t *testing.T) {
			t.Parallel()
			row.play(t)
		})
	}
}

// scene is a shop with one checkout that a row is about.
type scene struct {
	*checkouttest.Shop
	session, order string
}

func (o outcome) play(t *testing.T) {
	t.Helper()
	s := &scene{Shop: checkouttest.Open(t)}
	require.NoError(t, stock.Set(t.Context(), s.DB, checkouttest.PaperClips, 9, "test", s.Clock.Now()))
	guest := checkouttest.Guest()
	s.Fill(t, guest, checkouttest.PaperClips, 1)
	s.session = s.Start(t, guest)
	o.bringAbout(t, s)
	o.atStripe(t, s)
	for range 2 { // events come twice
		s.deliver(t, o)
	}
	o.compare(t, s)
}

// bringAbout makes the checkout what the row says it is before.
func (o outcome) bringAbout(t *testing.T, s *scene) {
	t.Helper()
	switch o.before {
	case "open", "none":
	case "superseded":
		require.Equal(t, 1, s.Count(t, "WITH changed AS (UPDATE checkout SET state = 'superseded' RETURNING id) SELECT count(*) FROM changed"))
	case "expired":
		require.Equal(t, 1, s.Count(t, "WITH changed AS (UPDATE checkout SET state = 'expired', next_check_at = NULL RETURNING id) SELECT count(*) FROM changed"))
	case "completed":
		require.True(t, s.Payment.Pay(s.session))
		s.order = s.Complete(t, s.session)
	case "exception":
		require.True(t, s.Payment.Pay(s.session, func(told *paymentv1.Session) { told.TaxMinor = -1 }))
		_, err := s.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: s.session})
		require.Error(t, err)
	default:
		require.Fail(t, "unknown state", o.before)
	}
}

// pays are the rows in which the customer pays, and how.
func pays() map[string]func(*paymentv1.Session) {
	return map[string]func(*paymentv1.Session){
		"complete, paid":                     func(*paymentv1.Session) {},
		"complete, paid, with a promotion":   checkouttest.Discount(100),
		"complete, paid, with tax":           checkouttest.Tax(100),
		"complete, unpaid":                   checkouttest.Later,
		"complete, no_payment_required":      checkouttest.Discount(checkouttest.PaperClipsMinor + checkouttest.GroundMinor),
		"complete, paid, another amount":     func(told *paymentv1.Session) { told.SubtotalMinor-- },
		"complete, paid, another currency":   func(told *paymentv1.Session) { told.Currency = "eur" },
		"complete, paid, goods sold out":     func(*paymentv1.Session) {},
		"complete, paid, refunded":           func(*paymentv1.Session) {},
		"complete, paid, reference unknown":  func(told *paymentv1.Session) { told.Reference = "checkout_" + strings.Repeat("x", 32) },
		"complete, paid, of another system":  func(told *paymentv1.Session) { told.Reference = "" },
		"complete, paid, same payment again": func(*paymentv1.Session) {},
	}
}

// atStripe makes Stripe say what the row says.
func (o outcome) atStripe(t *testing.T, s *scene) {
	t.Helper()
	if change, isPaid := pays()[o.stripeSays]; isPaid && o.before != "completed" && o.before != "exception" {
		require.True(t, s.Payment.Pay(s.session, change))
	}
	total := at(s.Shop, s.session).GetTotalMinor()
	switch o.stripeSays {
	case "complete, paid, goods sold out":
		require.NoError(t, stock.Set(t.Context(), s.DB, checkouttest.PaperClips, 0, "test", s.Clock.Now()))
	case "complete, paid, reference unknown", "complete, paid, of another system":
		s.Payment.Change(t, s.session, func(told *paymentv1.Session) { told.SessionId = "cs_test_other" })
		s.Payment.Put(at(s.Shop, "cs_test_other"))
		s.session = "cs_test_other"
	case "another session, complete, paid":
		told := at(s.Shop, s.session)
		told.SessionId, told.PaymentIntentId = "cs_test_second", "pi_second"
		s.Payment.Put(told)
		s.session = "cs_test_second"
	case "complete, paid, refunded":
		s.Payment.RefundAtStripe(t, s.session, total)
	case "complete, paid, partly refunded":
		s.Payment.RefundAtStripe(t, s.session, 100)
	case "expired":
		s.Payment.Expire(t, s.session)
	case "dispute open":
		s.Payment.Dispute(t, "du_1", s.session, "needs_response")
	case "dispute won", "dispute lost":
		s.Payment.Dispute(t, "du_1", s.session, strings.TrimPrefix(o.stripeSays, "dispute "))
	case "open", "complete, paid":
	default:
		require.Contains(t, pays(), o.stripeSays, "what Stripe says is not understood")
	}
}

func (s *scene) deliver(t *testing.T, o outcome) {
	t.Helper()
	request := &orderv1.HandlePaymentEventRequest{EventType: o.event, SessionId: s.session}
	if strings.HasPrefix(o.event, "charge.") {
		request.PaymentIntentId = at(s.Shop, s.session).GetPaymentIntentId()
	}
	if strings.HasPrefix(o.event, "charge.dispute.") {
		request.DisputeId = "du_1"
	}
	s.Clock.Advance(time.Second)
	_, err := s.Checkouts.HandlePaymentEvent(t.Context(), request)
	require.NoError(t, err)
}

// compare holds the books against the row.
func (o outcome) compare(t *testing.T, s *scene) {
	t.Helper()
	var state string
	require.NoError(t, s.DB.QueryRow(t.Context(), "SELECT state FROM checkout").Scan(&state))
	if o.after != "none" {
		require.Equal(t, o.after, state)
	}
	orders := s.Count(t, "SELECT count(*) FROM purchase")
	open := s.strings(t, "SELECT reason FROM payment_exception WHERE resolved_at IS NULL")
	statuses := s.strings(t, "SELECT identifier FROM purchase_status ORDER BY id")
	switch result, about, _ := strings.Cut(o.result, " "); result {
	case "nothing":
		require.Equal(t, min(1, len(statuses)), orders)
		require.Equal(t, o.before == "completed", orders == 1)
		require.Empty(t, open)
	case "order":
		require.Equal(t, 1, orders)
		require.Empty(t, open)
		require.Equal(t, append([]string{"accepted"}, strings.Fields(about)...), statuses)
	case "exception":
		require.Contains(t, open, about)
		require.Equal(t, o.before == "completed", orders == 1)
		require.Zero(t, s.Count(t, "SELECT count(*) FROM payment_exception WHERE reason NOT IN ('dispute', 'unknown-reference') AND payment_intent <> '' AND proposed_refund_minor = 0"), "a refund is proposed")
	case "resolved":
		require.NotContains(t, open, about)
		require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM payment_exception WHERE resolved_at IS NOT NULL"))
	default:
		require.Fail(t, "unknown result", o.result)
	}
}

func (s *scene) strings(t *testing.T, query string) []string {
	t.Helper()
	rows, err := s.DB.Query(t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	var found []string
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		found = append(found, text)
	}
	require.NoError(t, rows.Err())
	return slices.Clip(found)
}
