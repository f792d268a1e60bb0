package shoptest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// patience is how long the shop may take to put things right by itself: the sweep runs every second.
const patience = 30 * time.Second

// mailPatience is longer: a mail whose process was killed while sending it is tried again after at most 75 seconds.
const mailPatience = 90 * time.Second

// fetchJSON reads a list of the mailbox or the sandbox.
func fetchJSON(t testing.TB, address string) []object {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var list []object
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&list))
	return list
}

// control turns a switch of the sandbox.
func control(t testing.TB, path string, form url.Values) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, shop.SandboxURL()+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

// webhooks sets how the sandbox delivers from now on, and back to normal when the test ends.
func webhooks(t testing.TB, mode string) {
	t.Helper()
	control(t, "/sandbox/webhooks", url.Values{"mode": {mode}})
	t.Cleanup(func() { control(t, "/sandbox/webhooks", url.Values{"mode": {"normal"}}) })
}

// charged is what the sandbox took for a session, in minor units; it must have been taken once.
func charged(t testing.TB, session string) int64 {
	t.Helper()
	var amounts []int64
	for _, charge := range fetchJSON(t, shop.SandboxURL()+"/sandbox/charges") {
		if charge.text("session_id") == session {
			amount, _ := charge["amount"].(float64)
			amounts = append(amounts, int64(amount))
		}
	}
	require.Len(t, amounts, 1, "charges of %s", session)
	return amounts[0]
}

// placed is an order as the books have it.
type placed struct {
	Identifier string
	TotalMinor int64
}

func orders(t testing.TB, session string) []placed {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	rows, err := books["order"].Query(ctx, "SELECT identifier, total_minor FROM purchase WHERE session_id = $1", session)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[placed])
	require.NoError(t, err)
	return found
}

func confirmations(t testing.TB, identifier string) (mails []object) {
	t.Helper()
	for _, mail := range fetchJSON(t, shop.MailboxURL()+"/messages") {
		if strings.Contains(mail.text("text"), "/account/order?identifier="+identifier) {
			mails = append(mails, mail)
		}
	}
	return mails
}

// awaitOrder waits until the shop has made the order of a session by whatever way it learns of the payment.
func awaitOrder(t testing.TB, session string) string {
	t.Helper()
	require.Eventually(t, func() bool { return len(orders(t, session)) > 0 }, patience, 100*time.Millisecond, "no order of %s", session)
	return orders(t, session)[0].Identifier
}

// requireOneOrder is the promise: exactly one order, worth what was charged, one mail, and the cart empty.
func requireOneOrder(t testing.TB, c *customer, session string) string {
	t.Helper()
	identifier := requireOrderOfEmptiedCart(t, c, session)
	require.Len(t, confirmations(t, identifier), 1)
	return identifier
}

// requireOneOrderAfterUserWasKilled allows that the mail is listed instead of sent: a user process that dies while it hands
// a mail over leaves that for a person to decide (services/user/README.md). There are never two.
func requireOneOrderAfterUserWasKilled(t testing.TB, c *customer, session string) {
	t.Helper()
	requireOrderOfEmptiedCart(t, c, session)
}

// listedAsInterrupted tells whether nobody knows if the confirmation is out.
func listedAsInterrupted(t testing.TB, identifier string) bool {
	t.Helper()
	return count(t, "user", `SELECT count(*) FROM mail_failures AS failure JOIN mails ON mails.id = failure.mail_id
		WHERE failure.kind = 'interrupted' AND mails.key = 'order:' || $1`, identifier) > 0
}

func requireOrderOfEmptiedCart(t testing.TB, c *customer, session string) string {
	t.Helper()
	identifier := awaitOrder(t, session)
	require.Eventually(t, func() bool { return len(confirmations(t, identifier)) > 0 || listedAsInterrupted(t, identifier) },
		mailPatience, 100*time.Millisecond, "no mail for %s", identifier)
	found := orders(t, session)
	require.Len(t, found, 1)
	require.Equal(t, charged(t, session), found[0].TotalMinor, "the order is what was paid")
	mails := confirmations(t, identifier)
	require.LessOrEqual(t, len(mails), 1)
	for _, mail := range mails {
		require.Equal(t, []any{c.email}, addresses(mail))
	}
	require.Zero(t, c.cartLines(), "the cart is empty")
	return identifier
}

func addresses(mail object) []any {
	to, _ := mail["to"].([]any)
	return to
}
