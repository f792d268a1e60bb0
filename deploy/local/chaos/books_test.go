package chaos

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inOrder are books of one order, one sold out payment, one disputed order and one whose refund failed, in which nothing is wrong.
func inOrder() *books {
	return &books{
		charges: map[string]charge{
			"cs_1": {session: "cs_1", intent: "pi_1", currency: "usd", amount: 500, tax: 20},
			"cs_2": {session: "cs_2", intent: "pi_2", currency: "usd", amount: 700},
			"cs_3": {session: "cs_3", intent: "pi_3", currency: "usd", amount: 900, disputed: true},
		},
		orders: map[string]booked{
			"cs_1": {Identifier: "A", SessionID: "cs_1", Currency: "usd", Intent: "pi_1", TotalMinor: 500, PaidMinor: 500},
			"cs_3": {Identifier: "C", SessionID: "cs_3", Currency: "usd", Intent: "pi_3", TotalMinor: 900, PaidMinor: 900},
		},
		exceptions: map[string][]excepted{
			"cs_1": {{SessionID: "cs_1", Reason: "refund-failed"}},
			"cs_2": {{SessionID: "cs_2", Reason: "out-of-stock", Currency: "usd", TotalMinor: 700, ProposedMinor: 700, Counted: true}},
			"cs_3": {{SessionID: "cs_3", Reason: "dispute"}},
		},
		confirmed: map[string]int{"A": 1}, listed: map[string]bool{"C": true}, failed: map[string]bool{"pi_1": true},
	}
}

func (b *books) checked(payments ...paid) []string {
	b.compare()
	b.explain()
	b.compareDiary(payments)
	b.countMails()
	return b.wrong
}

func TestBooksInOrder(t *testing.T) {
	t.Parallel()
	require.Empty(t, inOrder().checked(
		paid{session: "cs_1", shown: 480}, paid{session: "cs_2", shown: unknown}, paid{session: "cs_4", shown: 1, mayFail: true}))
}

func TestWhatIsWrongIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*books)
		paid  []paid
		says  string
	}{
		"charge without order":     {func(b *books) { delete(b.orders, "cs_1") }, nil, "is no order and 0 exceptions"},
		"order without charge":     {func(b *books) { b.orders["cs_9"] = booked{Identifier: "A"} }, nil, "has no charge"},
		"another amount":           {func(b *books) { b.orders["cs_1"] = booked{Identifier: "A", Currency: "usd"} }, nil, "is about 0 usd"},
		"order and exception":      {func(b *books) { b.orders["cs_2"] = b.orders["cs_1"] }, nil, "at once"},
		"two exceptions":           {func(b *books) { b.exceptions["cs_2"] = append(b.exceptions["cs_2"], b.exceptions["cs_2"]...) }, nil, "2 exceptions"},
		"sold out and not counted": {func(b *books) { b.exceptions["cs_2"][0].Counted = false }, nil, "unexplained: out-of-stock"},
		"no refund proposed":       {func(b *books) { b.exceptions["cs_2"][0].ProposedMinor = 0 }, nil, "proposes to give back 0 of 700"},
		"dispute of nobody": {func(b *books) {
			b.charges["cs_3"] = charge{session: "cs_3", intent: "pi_3", currency: "usd", amount: 900}
		}, nil, "unexplained: dispute"},
		"refund that did not fail": {func(b *books) { b.failed = nil }, nil, "unexplained: refund-failed"},
		"two mails":                {func(b *books) { b.confirmed["A"] = 2 }, nil, "has 2 confirmation mails"},
		"no mail":                  {func(b *books) { b.confirmed = nil }, nil, "has 0 confirmation mails"},
		"mail about nothing":       {func(b *books) { b.confirmed["Z"] = 1 }, nil, "which is no order"},
		"payment that is lost":     {func(*books) {}, []paid{{session: "cs_8"}}, "not among the charges"},
		"another price than shown": {func(*books) {}, []paid{{session: "cs_1", shown: 500}}, "the page showed 500, the charge is 480"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spoilt := inOrder()
			c.spoil(spoilt)
			require.Contains(t, strings.Join(spoilt.checked(c.paid...), "\n"), c.says)
		})
	}
}
