package shoptest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

const (
	sessionsPath = "/v1/checkout/sessions"
	always       = "100000" // times: until the test ends the failure
	lateCard     = "4000002500003155"
)

// failStripe lets calls of the shop to Stripe go wrong until it is ended, at the latest with the test.
func failStripe(t testing.TB, method, path string, how url.Values) (end func()) {
	t.Helper()
	form := url.Values{"method": {method}, "path": {path}, "times": {always}}
	for field, values := range how {
		form[field] = values
	}
	control(t, "/sandbox/fail", form)
	end = func() { forget(t, shop.SandboxURL()+"/sandbox/fail") }
	t.Cleanup(end)
	return end
}

// forget sends a DELETE.
func forget(t testing.TB, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, address, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Less(t, answer.StatusCode, 300)
}

// ask is one row of the books of a service.
func ask(t testing.TB, service, query string, arguments ...any) pgx.Row {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	require.Contains(t, books, service)
	return books[service].QueryRow(ctx, query, arguments...)
}

func count(t testing.TB, service, query string, arguments ...any) (number int) {
	t.Helper()
	require.NoError(t, ask(t, service, query, arguments...).Scan(&number))
	return number
}

// requireBalance is the promise over everything that the bank has seen so far: each charge is exactly one order of its
// amount, or an exception for an operator to resolve; and no order is without its charge.
func requireBalance(t testing.TB) {
	t.Helper()
	charges := fetchJSON(t, shop.SandboxURL()+"/sandbox/charges")
	const ordered = `SELECT count(*) FROM purchase WHERE session_id = $1 AND total_minor = $2 AND currency = $3`
	const excepted = `SELECT count(*) FROM payment_exception WHERE session_id = $1 AND total_minor = $2 AND currency = $3`
	exceptions := 0
	for _, charge := range charges {
		session, currency := charge.text("session_id"), charge.text("currency")
		amount, _ := charge["amount"].(float64)
		kept := count(t, "order", excepted, session, int64(amount), currency)
		exceptions += kept
		require.Equal(t, 1, kept+count(t, "order", ordered, session, int64(amount), currency), "charge of %s", session)
	}
	require.Equal(t, len(charges)-exceptions, count(t, "order", "SELECT count(*) FROM purchase"), "orders without a charge")
}

// requirePaidOrder is requireOneOrder without a look at the cart, which may hold what was put in since.
func requirePaidOrder(t testing.TB, session string) string {
	t.Helper()
	identifier := awaitOrder(t, session)
	require.Eventually(t, func() bool { return len(confirmations(t, identifier)) > 0 }, mailPatience, 100*time.Millisecond, "no mail for %s", identifier)
	found := orders(t, session)
	require.Len(t, found, 1)
	require.Equal(t, charged(t, session), found[0].TotalMinor, "the order is what was paid")
	require.Len(t, confirmations(t, identifier), 1)
	return identifier
}

// refusedCheckOut presses the pay button and answers why there is no payment page.
func (c *customer) refusedCheckOut() string {
	c.t.Helper()
	refused := c.post("/order/create-checkout-session", url.Values{"agree_to_terms_of_sale": {"true"}, "anonymous_email_address": {c.email}})
	require.Equal(c.t, "error", refused.text("create_checkout_session"), "%v", refused)
	return refused.object("errors").text("error")
}

// sessionCalls are the calls to Stripe that asked for a session on behalf of the customer, oldest first.
func (c *customer) sessionCalls() (calls []object) {
	c.t.Helper()
	for _, call := range fetchJSON(c.t, shop.SandboxURL()+"/sandbox/requests") {
		email, _ := call.object("form")["customer_email"].([]any)
		if call.text("path") == sessionsPath && len(email) == 1 && email[0] == c.email {
			calls = append([]object{call}, calls...)
		}
	}
	return calls
}

func TestSessionCannotBeOpenedAtFirst(t *testing.T) {
	for _, status := range []string{"500", "429", "400"} {
		c := guest(t)
		c.add("1", "1")
		end := failStripe(t, http.MethodPost, sessionsPath, url.Values{"status": {status}})
		require.Equal(t, "stripe-error", c.refusedCheckOut(), status)
		require.Equal(t, 1, c.cartLines())
		end()
		requireOneOrder(t, c, c.buy())
	}
	requireBalance(t)
}

// TestAnswerWithTheSessionIsLost: Stripe makes the session and the shop never hears of it. Asked again under the same key,
// Stripe gives the same session, so that there are never two.
func TestAnswerWithTheSessionIsLost(t *testing.T) {
	for name, how := range map[string]url.Values{
		"once": {"status": {"0"}, "after": {"true"}, "times": {"1"}}, "for a while": {"status": {"0"}, "after": {"true"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := guest(t)
			c.add("1", "1")
			end := failStripe(t, http.MethodPost, sessionsPath, how)
			if name == "for a while" {
				require.Equal(t, "stripe-error", c.refusedCheckOut())
				end()
			}
			session := c.buy()
			calls := c.sessionCalls()
			require.Greater(t, len(calls), 1)
			for _, call := range calls {
				require.Equal(t, calls[0].text("idempotency_key"), call.text("idempotency_key"))
			}
			replayed, _ := calls[len(calls)-1]["replayed"].(bool)
			require.True(t, replayed, "the first call's session is the one that was given out")
			requireOneOrder(t, c, session)
		})
	}
	requireBalance(t)
}

// TestStripeFailsAfterItsWork answers 500 although the session was made: another may be made, but only one is given out.
func TestStripeFailsAfterItsWork(t *testing.T) {
	c := guest(t)
	c.add("1", "1")
	failStripe(t, http.MethodPost, sessionsPath, url.Values{"status": {"500"}, "after": {"true"}, "times": {"2"}})
	session, page := c.checkOut()
	again, _ := c.checkOut()
	require.Equal(t, session, again)
	status, _ := c.pay(page, goodCard)
	require.Equal(t, http.StatusSeeOther, status)
	requireOneOrder(t, c, session)
	requireBalance(t)
}

// TestSessionCannotBeReadAtTheSuccessPage: the page cannot make the order, nor can the first webhook. Whoever comes
// next makes it: Stripe's repeated webhook, or, when there is none, the sweep.
func TestSessionCannotBeReadAtTheSuccessPage(t *testing.T) {
	for _, mode := range []string{"normal", "drop"} {
		t.Run(mode, func(t *testing.T) {
			webhooks(t, mode)
			c := guest(t)
			c.add("1", "1")
			end := failStripe(t, http.MethodGet, sessionsPath+"/", url.Values{"status": {"500"}})
			session := c.buy()
			said := c.get("/order/checkout-session-success?session_id=" + session)
			require.Equal(t, "unexpected-error", said.object("errors").text("error"), "%v", said)
			require.Empty(t, orders(t, session))
			end()
			ordered := requireOneOrder(t, c, session)
			require.Equal(t, ordered, c.arrive(session))
		})
	}
	requireBalance(t)
}

// TestOldSessionCannotBeEnded: as long as the old page can be paid there is no new one, and what is paid at it is what
// was in the cart then.
func TestOldSessionCannotBeEnded(t *testing.T) {
	c := guest(t)
	c.add("1", "1")
	old, page := c.checkOut()
	end := failStripe(t, http.MethodPost, sessionsPath+"/*/expire", url.Values{"status": {"500"}})
	c.add("7", "1")
	require.Equal(t, "stripe-error", c.refusedCheckOut())
	status, _ := c.pay(page, goodCard)
	require.Equal(t, http.StatusSeeOther, status)
	ordered := requirePaidOrder(t, old)
	require.Equal(t, "13.06", c.total(ordered), "one pack of paper clips and shipping")
	require.Equal(t, 1, c.cartLines())
	end()
	requireOneOrder(t, c, c.buy())
	requireBalance(t)
}

func (c *customer) total(ordered string) string {
	c.t.Helper()
	return c.get("/order/" + ordered).object("order_data").object("order_totals").text("order_total")
}

// TestLatePaymentThatFails leaves no order and a cart that can be bought.
func TestLatePaymentThatFails(t *testing.T) {
	control(t, "/sandbox/settlement", url.Values{"delay": {"manual"}})
	t.Cleanup(func() { control(t, "/sandbox/settlement", url.Values{"delay": {"2s"}}) })
	c := guest(t)
	c.add("1", "1")
	failed, page := c.checkOut()
	status, _ := c.pay(page, lateCard)
	require.Equal(t, http.StatusSeeOther, status)
	said := c.get("/order/checkout-session-success?session_id=" + failed)
	require.Equal(t, "payment-not-completed", said.object("errors").text("error"))
	control(t, "/sandbox/sessions/"+failed+"/settle", url.Values{"outcome": {"failed"}})

	var session string
	require.Eventually(t, func() bool {
		session, page = c.checkOut()
		return session != failed
	}, patience, 50*time.Millisecond, "the cart cannot be bought any more")
	status, _ = c.pay(page, goodCard)
	require.Equal(t, http.StatusSeeOther, status)
	requireOneOrder(t, c, session)
	require.Empty(t, orders(t, failed))
	requireBalance(t)
}

func TestPromotionCodes(t *testing.T) {
	for code, sums := range map[string]struct{ items, shipping, total string }{
		"TENOFF": {"1.31", "", "11.75"}, "FREE100": {"3.50", "9.56", "0.00"},
	} {
		t.Run(code, func(t *testing.T) {
			c := guest(t)
			c.add("1", "1")
			session, page := c.checkOut()
			status, _ := c.payWith(page, url.Values{"card": {goodCard}, "promotion_code": {code}})
			require.Equal(t, http.StatusSeeOther, status)
			ordered := c.arrive(session)
			require.Equal(t, ordered, requireOneOrder(t, c, session))
			totals := c.get("/order/" + ordered).object("order_data").object("order_totals")
			require.Equal(t, sums.items, totals.text("item_discount"))
			require.Equal(t, sums.shipping, totals.text("shipping_discount"))
			require.Equal(t, sums.total, totals.text("order_total"))
			mail := confirmations(t, ordered)[0].text("text")
			require.Contains(t, mail, "Item discount: ($"+sums.items+")")
			require.Contains(t, mail, "Order total: $"+sums.total)
		})
	}
	requireBalance(t)
}

// TestCheckoutIsLostWithTheBooks: the books were put back to a state from before the checkout, and then it is paid. The
// money is not lost sight of: an operator is told, and sets down what became of it.
func TestCheckoutIsLostWithTheBooks(t *testing.T) {
	c := guest(t)
	c.add("1", "1")
	session, page := c.checkOut()
	const lose = `WITH lost AS (DELETE FROM checkout_line USING checkout WHERE checkout_id = checkout.id AND session_id = $1 RETURNING checkout_id)
		SELECT count(*) FROM lost`
	require.Equal(t, 1, count(t, "order", lose, session))
	require.Equal(t, 1, count(t, "order", "WITH lost AS (DELETE FROM checkout WHERE session_id = $1 RETURNING id) SELECT count(*) FROM lost", session))
	status, _ := c.pay(page, goodCard)
	require.Equal(t, http.StatusSeeOther, status)
	for range 2 {
		said := c.get("/order/checkout-session-success?session_id=" + session).object("errors")
		require.Equal(t, "unexpected-error", said.text("error"))
		require.Contains(t, said.text("description"), "payment has arrived")
	}
	require.Equal(t, 1, count(t, "order", "SELECT count(*) FROM payment_exception WHERE reason = 'unknown-reference' AND session_id = $1 AND resolved_at IS NULL", session))
	requireBalance(t)
	require.Error(t, shop.Run(t.Context(), "order", "audit"))
	require.Equal(t, 1, count(t, "order", `WITH done AS (UPDATE payment_exception SET resolved_at = now(), resolved_by = 'test', resolution = 'money returned'
		WHERE session_id = $1 RETURNING id) SELECT count(*) FROM done`, session))
	require.NoError(t, shop.Run(t.Context(), "order", "audit"))
	requireOneOrder(t, c, c.buy())
}

// TestMailServerRefuses: the order does not wait for the mail, and the mail comes once the server takes it.
func TestMailServerRefuses(t *testing.T) {
	for _, mode := range []string{"refuse", "disconnect"} {
		form := url.Values{"mode": {mode}}
		answer, err := http.Post(shop.MailboxURL()+"/sandbox/fail", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
		t.Cleanup(func() { forget(t, shop.MailboxURL()+"/sandbox/fail") })
		c := guest(t)
		c.add("1", "1")
		session := c.buy()
		ordered := c.arrive(session)
		requireOneOrder(t, c, session)
		var attempts int
		var state string
		require.Eventually(t, func() bool {
			err := ask(t, "user", `SELECT job.attempt, mails.state FROM mails JOIN river_job AS job
				ON job.kind = 'mail.send' AND (job.args ->> 'mail_id')::bigint = mails.id WHERE mails.key = 'order:' || $1`, ordered).Scan(&attempts, &state)
			return err == nil && state == "sent"
		}, patience, 50*time.Millisecond)
		require.Equal(t, 2, attempts, "%s: refused once, taken once", mode)
		require.Len(t, confirmations(t, ordered), 1)
	}
	requireBalance(t)
}
