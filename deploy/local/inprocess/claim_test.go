package inprocess

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

var verificationLink = regexp.MustCompile(`email_verification_code=([^\s"&<>]+)`)

// verificationCode is the code in the first mail to an address that has one, as the page would read it from its own address.
func verificationCode(t testing.TB, address string) string {
	t.Helper()
	var code string
	require.Eventually(t, func() bool {
		for _, text := range textsTo(t, address) {
			if found := verificationLink.FindStringSubmatch(text); found != nil {
				code = found[1]
				return true
			}
		}
		return false
	}, patience, 20*time.Millisecond, "no mail with a verification code")
	decoded, err := url.QueryUnescape(code)
	require.NoError(t, err)
	return decoded
}

// textsTo are the texts of what arrived for an address.
func textsTo(t testing.TB, address string) (texts []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, shop.mailboxURL+"/messages", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var mails []struct {
		To   []string
		Text string
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&mails))
	for _, mail := range mails {
		if strings.Contains(strings.ToLower(strings.Join(mail.To, ",")), strings.ToLower(address)) {
			texts = append(texts, mail.Text)
		}
	}
	return texts
}

func (c *customer) buyOne() (order string) {
	c.t.Helper()
	c.add("1", "1")
	session, page, _ := c.checkOut()
	c.pay(page)
	order, _ = c.arrive(session)
	return order
}

// orders are the identifiers on the account page.
func (c *customer) orders() []string {
	c.t.Helper()
	content := c.get("/user/account-content").object("account_content")
	require.Equal(c.t, "true", content.text("authenticated"), "%v", content)
	identifiers := []string{}
	for _, value := range content.object("orders_data") {
		if order, is := value.(map[string]any); is {
			identifiers = append(identifiers, object(order).text("identifier"))
		}
	}
	return identifiers
}

// view is what the order page says of an order: "success", or why not.
func (c *customer) view(order string) string {
	c.t.Helper()
	shown := c.get("/order/" + order)
	if shown.text("order_detail") == "success" {
		return "success"
	}
	failure, err := json.Marshal(shown)
	require.NoError(c.t, err)
	return string(failure)
}

// Contract user.md, defect 10: guest orders go to an account only after its address is verified, whatever the letter
// case, those placed later too, and nobody else gets them.
func TestGuestOrdersMoveToWhoVerifiesTheirAddress(t *testing.T) {
	guest := newCustomer(t)
	first := guest.buyOne()

	member := newCustomer(t)
	member.email = strings.ToUpper(guest.email[:1]) + guest.email[1:]
	member.register()
	require.Empty(t, member.orders(), "an address that is only claimed brings nothing")
	require.Equal(t, "success", guest.view(first))
	require.Contains(t, member.view(first), "order-not-in-account")

	verified := member.post("/user/verify-email-address-response", url.Values{"email_verification_code": {verificationCode(t, member.email)}}).object(t)
	require.Equal(t, "success", verified.text("verify_email_address_response"), "%v", verified)

	require.Equal(t, []string{first}, member.orders())
	require.Equal(t, "success", member.view(first))
	require.Contains(t, guest.view(first), "log-in-required-to-view-order")
	second := guest.buyOne()
	require.ElementsMatch(t, []string{first, second}, member.orders(), "what is bought later comes along")
	require.ElementsMatch(t, []string{first, second}, member.orders())
	requireOrdersAreWhatWasFrozen(t)
}

func requireOrdersAreWhatWasFrozen(t testing.TB) {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: shop.databaseURL("order"), MaxConns: 1}, telemetry.Silent())
	require.NoError(t, err)
	defer db.Close()
	report, err := books.Audit(t.Context(), db, time.Now(), time.Hour)
	require.NoError(t, err)
	for _, violation := range report.Violations {
		require.NotEqual(t, "order-is-not-what-was-frozen", violation.Rule, "%+v", violation)
	}
}
