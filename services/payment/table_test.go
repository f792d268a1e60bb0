package payment_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

const tableHeading = "## What Stripe says and what comes of it"

// TestWhatStripeSaysAndWhatComesOfIt plays every row of the README's table of that name.
func TestWhatStripeSaysAndWhatComesOfIt(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	s.start() // finds what is undelivered, and attributes what waits for it
	rows := tableRows(t)
	require.Greater(t, len(rows), 30, "the table shrank")
	for n, row := range rows {
		t.Run(strings.Join(row, " | "), func(t *testing.T) {
			play := &play{T: t, shop: s, number: n, reference: fmt.Sprint("row-", n), conditions: map[string]bool{}}
			play.row(row)
		})
	}
}

// tableRows are the cells of the table, without its head.
func tableRows(t *testing.T) (rows [][]string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), tableHeading+"\n")
	require.True(t, found, "README.md has no section %q", tableHeading)
	section, _, _ := strings.Cut(rest, "\n## ")
	for _, text := range strings.Split(section, "\n") {
		if !strings.HasPrefix(text, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(text, "| "), "|")
		require.Len(t, cells, 4, text)
		for n := range cells {
			cells[n] = strings.TrimSpace(cells[n])
		}
		rows = append(rows, cells)
	}
	require.Equal(t, []string{"event", "session at Stripe", "our books", "order service is told"}, rows[0])
	return rows[2:]
}

// play is one row under way.
type play struct {
	*testing.T
	shop       *shop
	number     int
	reference  string
	session    string // its id
	conditions map[string]bool
	payment    string
	events     int
	last       string // payload
}

// conditionsKnown is what a row may say of a session besides its state.
func conditionsKnown() []string {
	return []string{"of another system", "of the old shop", "not in our books", "not heard of yet", "Stripe does not answer"}
}

func (p *play) row(cells []string) {
	states, told := strings.Split(cells[1], " then "), strings.Split(cells[3], " then ")
	for n, event := range strings.Split(cells[0], " then ") {
		state := states[min(n, len(states)-1)]
		if n == 0 {
			p.begin(state, strings.Contains(event, "checkout.session."))
		}
		p.tell(event, state, told[min(n, len(told)-1)])
	}
	p.checkBooks(cells[2])
}

// begin brings session and books to where the row begins: the session is open, unless the row is about what happens to
// money that was paid before.
func (p *play) begin(state string, aboutSession bool) {
	for _, condition := range strings.Split(state, ", ")[2:] {
		require.Contains(p, conditionsKnown(), condition, "the test does not know this condition")
		p.conditions[condition] = true
	}
	metadata := map[string]any{"shop": "startupwebapp", "reference": p.reference}
	switch {
	case p.conditions["of another system"]:
		metadata = map[string]any{"shop": "another", "reference": p.reference}
	case p.conditions["of the old shop"]:
		metadata = map[string]any{"cart_id": "17"}
	case !p.conditions["not in our books"]:
		opened, err := p.shop.client.OpenSession(p.Context(), aCheckout(p.reference))
		require.NoError(p, err)
		p.session = opened.GetSessionId()
	}
	if p.session == "" {
		p.session = fmt.Sprint("cs_row_", p.number)
		p.shop.stripe.Change(p.session, map[string]any{"currency": "usd", "amount_total": int64(1199), "metadata": metadata, "client_reference_id": p.reference, "payment_metadata": metadata})
	}
	if aboutSession {
		return
	}
	p.payment = p.shop.stripe.Pay(p.session)
	if !p.conditions["not heard of yet"] {
		_, err := p.shop.client.GetSession(p.Context(), &paymentv1.GetSessionRequest{SessionId: p.session})
		require.NoError(p, err)
	}
}

var eventForm = regexp.MustCompile("^`([a-z_.]+)`( of another API version| found undelivered)?$")

// tell has Stripe tell of an event and checks what the order service is told.
func (p *play) tell(event, state, told string) {
	how := ""
	if event != "again" {
		form := eventForm.FindStringSubmatch(event)
		require.NotNil(p, form, "the test does not understand the event %q", event)
		p.events++
		p.last, how = p.payload(form[1], state, form[2]), form[2]
	}
	if p.conditions["Stripe does not answer"] {
		p.shop.stripe.Fail(http.MethodGet, openPath, http.StatusTooManyRequests, serverError, false)
	}
	if how == " found undelivered" {
		p.shop.undelivered(p.last, time.Minute)
		p.awaitListed(told)
		return
	}
	received, err := p.shop.receive(p.last)
	require.NoError(p, err)
	switch told {
	case "yes":
		require.True(p, received.GetConcernsCheckout())
		require.False(p, received.GetHandled())
		require.Equal(p, p.session, received.GetSessionId())
		require.True(p, p.isListed())
	case "no":
		require.False(p, received.GetConcernsCheckout())
		require.True(p, received.GetHandled())
		require.False(p, p.isListed())
	default:
		require.Equal(p, "later", told, "the test does not understand who is told")
		require.False(p, received.GetConcernsCheckout())
		p.awaitListed("yes")
	}
}

func (p *play) eventID() string { return fmt.Sprintf("evt_%d_%d", p.number, p.events) }

func (p *play) payload(kind, state, how string) string {
	version := "2023-10-16"
	if how == " of another API version" {
		version = "2099-01-01.later"
	}
	text, err := json.Marshal(map[string]any{
		"id": p.eventID(), "object": "event", "type": kind, "api_version": version, "data": map[string]any{"object": p.object(kind, state)},
	})
	require.NoError(p, err)
	return string(text)
}

// object is what the event says: of a session its state, which is Stripe's own from then on.
func (p *play) object(kind, state string) map[string]any {
	words := strings.Split(state, ", ")
	if strings.HasPrefix(kind, "checkout.session.") {
		require.True(p, slices.Contains([]string{"open", "complete", "expired"}, words[0]) && slices.Contains([]string{"unpaid", "paid", "no_payment_required"}, words[1]),
			"the test does not know the state %q", state)
		fields := map[string]any{"status": words[0], "payment_status": words[1]}
		if words[0] == "complete" && words[1] != "no_payment_required" {
			fields["payment_intent"] = "pi_" + p.reference
		}
		p.shop.stripe.Change(p.session, fields)
		return p.shop.stripe.Session(p.session)
	}
	require.Equal(p, "complete, paid", words[0]+", "+words[1], "money is only given back that was paid")
	switch {
	case slices.Contains(aftermathTypes(), kind):
		object := aftermath(kind, p.payment, "")
		if kind == "charge.refunded" {
			maps.Copy(object, p.shop.stripe.Charge(p.payment))
		}
		return object
	case strings.HasPrefix(kind, "charge."):
		return p.shop.stripe.Charge(p.payment)
	default:
		return map[string]any{"object": strings.Split(kind, ".")[0], "id": p.payment, "status": "succeeded", "metadata": p.shop.stripe.Charge(p.payment)["metadata"]}
	}
}

func (p *play) isListed() bool {
	listed, err := p.shop.client.ListUnhandledEvents(p.Context(), &paymentv1.ListUnhandledEventsRequest{Limit: 500})
	require.NoError(p, err)
	place := slices.IndexFunc(listed.GetEvents(), func(e *paymentv1.Event) bool { return e.GetEventId() == p.eventID() })
	if place < 0 {
		return false
	}
	found := listed.GetEvents()[place]
	require.Equal(p, p.session+" "+p.payment, found.GetSessionId()+" "+found.GetPaymentIntentId())
	return true
}

func (p *play) awaitListed(told string) {
	require.Equal(p, "yes", told, "the test does not understand who is told")
	require.Eventually(p, p.isListed, 20*time.Second, 20*time.Millisecond)
}

func (p *play) checkBooks(expected string) {
	if expected == "nothing" {
		require.Zero(p, p.shop.number("SELECT count(*) FROM payment_session WHERE reference = $1 OR session_id = $2", p.reference, p.session))
	} else {
		require.Equal(p, expected, p.shop.text("SELECT status || ', ' || payment_status FROM payment_session WHERE session_id = $1", p.session))
	}
	rows := p.shop.number("SELECT count(*) FROM webhook_event WHERE event_id LIKE $1", fmt.Sprintf("evt\\_%d\\_%%", p.number))
	require.Equal(p, p.events, rows, "each event is kept once")
}
