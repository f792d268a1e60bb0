package rollout

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

// bookPatience is how long the shop may take to put right by itself what a crash left; a job of the crashed process is tried again
// after at most 75 s (services/platform/README.md, Jobs).
const bookPatience = 2 * time.Minute

type booked struct {
	Session    string
	Identifier string
	TotalMinor int64
}

// requireBooks is the promise: every payment is exactly one order of its amount, every order exactly one mail, and the audit has
// nothing to say. Every page view is counted.
func requireBooks(t testing.TB, l *load) {
	t.Helper()
	charges := map[string]int64{}
	for _, charge := range list(t, l.c.around.SandboxURL()+"/sandbox/charges") {
		amount, _ := charge["amount"].(float64)
		require.NotContains(t, charges, charge.Text("session_id"), "charged twice")
		charges[charge.Text("session_id")] = int64(amount)
	}
	for _, session := range l.paid {
		require.Contains(t, charges, session)
	}
	require.Eventually(t, func() bool { return len(orders(t, l.c)) >= len(charges) }, bookPatience, 5*tick, "payments without an order")
	found := orders(t, l.c)
	require.Len(t, found, len(charges))
	for _, order := range found { // session_id is unique, so each charge has its own
		require.Equal(t, charges[order.Session], order.TotalMinor, "the order is what was paid")
	}
	require.Eventually(t, func() bool { return len(confirmations(t, l.c)) >= len(found) }, bookPatience, 5*tick, "orders without a mail")
	mails := confirmations(t, l.c)
	for _, order := range found {
		require.Equal(t, 1, mails[order.Identifier], "mails about %s", order.Identifier)
	}
	for _, task := range [][]string{{"audit", "-patience", "0s"}, {"reconcile", "-grace", "0s"}} {
		var last error
		require.Eventually(t, func() bool {
			last = l.c.around.Run(context.Background(), "order", task...)
			return last == nil
		}, bookPatience, 10*tick, "%v: %v", task, &last)
	}
	t.Logf("%d payments, orders and mails; %d page views", len(charges), l.count("view"))
}

// requireViews: no page view that was taken is lost.
func requireViews(t testing.TB, l *load) {
	t.Helper()
	counted := func() (number int) {
		const views = `SELECT count(*) FROM clientevents.pageview WHERE url = $1`
		require.NoError(t, l.c.books.QueryRow(context.Background(), views, viewedPage).Scan(&number))
		return number
	}
	require.Eventually(t, func() bool { return counted() >= l.count("view") }, patience, 5*tick, "page views are lost")
	require.Equal(t, l.count("view"), counted())
}

func orders(t testing.TB, c *cluster) []booked {
	t.Helper()
	rows, err := c.books.Query(context.Background(), "SELECT session_id, identifier, total_minor FROM orders.purchase")
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[booked])
	require.NoError(t, err)
	return found
}

var orderLink = regexp.MustCompile(`/account/order\?identifier=([A-Za-z0-9]+)`)

// confirmations counts the mails by the order that they are about.
func confirmations(t testing.TB, c *cluster) map[string]int {
	t.Helper()
	mails := map[string]int{}
	for _, mail := range list(t, c.around.MailboxURL()+"/messages") {
		if match := orderLink.FindStringSubmatch(mail.Text("text")); match != nil {
			mails[match[1]]++
		}
	}
	return mails
}

// list reads a list of the sandbox or the mailbox.
func list(t testing.TB, address string) (objects []shopper.Object) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&objects))
	return objects
}
