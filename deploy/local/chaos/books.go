package chaos

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

// charge is what the sandbox took from a customer.
type charge struct {
	session, intent, currency string
	amount, tax               int64
	disputed                  bool
}

// charges are those of the sandbox by session; a session that is there twice fails.
func (s *Shop) charges(ctx context.Context) (map[string]charge, error) {
	listed, err := list(ctx, s.stack.SandboxURL()+"/sandbox/charges")
	if err != nil {
		return nil, err
	}
	charges := make(map[string]charge, len(listed))
	for _, one := range listed {
		taken := charge{session: one.Text("session_id"), intent: one.Text("payment_intent"), currency: one.Text("currency"), amount: minor(one, "amount"), tax: minor(one, "amount_tax")}
		taken.disputed, _ = one["disputed"].(bool)
		if _, twice := charges[taken.session]; twice {
			return nil, fmt.Errorf("the sandbox charged %s twice", taken.session)
		}
		charges[taken.session] = taken
	}
	return charges, nil
}

// minor is an amount in a JSON answer.
func minor(one shopper.Object, key string) int64 {
	amount, _ := one[key].(float64)
	return int64(amount)
}

// booked is an order as the shop has it.
type booked struct {
	Identifier, SessionID, Currency, Intent string
	TotalMinor, PaidMinor                   int64
}

// excepted is a payment that became no order.
type excepted struct {
	SessionID, Reason, Currency, Detail string
	TotalMinor, ProposedMinor           int64
	// Counted tells whether something of its checkout is counted, so that it can have been sold out.
	Counted bool
}

// books are the two sides: what was charged and mailed, and what the shop wrote.
type books struct {
	charges    map[string]charge
	orders     map[string]booked // by session
	exceptions map[string][]excepted
	confirmed  map[string]int // mails by order
	listed     map[string]bool
	failed     map[string]bool // payment intents of which a refund failed at Stripe
	wrong      []string
}

func (b *books) complain(format string, values ...any) {
	b.wrong = append(b.wrong, fmt.Sprintf(format, values...))
}

// readBooks collects both sides.
func (s *Shop) readBooks(ctx context.Context) (*books, error) {
	read := &books{orders: map[string]booked{}, exceptions: map[string][]excepted{}, confirmed: map[string]int{}, listed: map[string]bool{}, failed: map[string]bool{}}
	var err error
	if read.charges, err = s.charges(ctx); err != nil {
		return nil, err
	}
	orders, err := query[booked](ctx, s, `SELECT p.identifier, p.session_id, p.currency, coalesce(y.payment_intent_id, ''), p.total_minor, coalesce(y.total_minor, -1)
		FROM orders.purchase p LEFT JOIN orders.purchase_payment y ON y.purchase_id = p.id`)
	if err != nil {
		return nil, err
	}
	for _, order := range orders {
		read.orders[order.SessionID] = order
	}
	exceptions, err := query[excepted](ctx, s, `SELECT x.session_id, x.reason, x.currency, x.detail, x.total_minor, x.proposed_refund_minor,
		EXISTS (SELECT FROM orders.checkout_line l JOIN orders.stock s ON s.sku_id = l.sku_id WHERE l.checkout_id = x.checkout_id)
		FROM orders.payment_exception x ORDER BY x.id`)
	if err != nil {
		return nil, err
	}
	for _, exception := range exceptions {
		read.exceptions[exception.SessionID] = append(read.exceptions[exception.SessionID], exception)
	}
	if err := s.readMails(ctx, read); err != nil {
		return nil, err
	}
	return read, nil
}

func query[T any](ctx context.Context, s *Shop, sql string) ([]T, error) {
	rows, err := s.books.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

// readMails counts confirmations, whose subject no other mail has, by the order that they link to; and which orders' mails the shop
// lists as interrupted: nobody knows whether these are out (services/user/README.md).
func (s *Shop) readMails(ctx context.Context, read *books) error {
	mails, err := list(ctx, s.stack.MailboxURL()+"/messages")
	if err != nil {
		return err
	}
	link := regexp.MustCompile(`/account/order\?identifier=([A-Za-z0-9]+)`)
	for _, mail := range mails {
		if match := link.FindStringSubmatch(mail.Text("text")); match != nil && mail.Text("subject") == "We have your order" {
			read.confirmed[match[1]]++
		}
	}
	interrupted, err := query[string1](ctx, s, `SELECT mails.key FROM users.mail_failures AS failure JOIN users.mails ON mails.id = failure.mail_id
		WHERE failure.kind = 'interrupted' AND mails.key LIKE 'order:%'`)
	for _, mail := range interrupted {
		read.listed[strings.TrimPrefix(mail.Text, "order:")] = true
	}
	return err
}

type string1 struct{ Text string }

// compare holds every charge against the shop's orders and exceptions, and the other way round.
func (b *books) compare() {
	for session, taken := range b.charges {
		order, ordered := b.orders[session]
		money := b.moneyExceptions(session)
		switch {
		case ordered && len(money) > 0:
			b.complain("%s is order %s and exception %s at once", session, order.Identifier, money[0].Reason)
		case ordered:
			b.compareOrder(taken, order)
		case len(money) != 1:
			b.complain("%s was charged %d %s and is no order and %d exceptions", session, taken.amount, taken.currency, len(money))
		default:
			b.compareException(taken, money[0])
		}
	}
	for session, order := range b.orders {
		if _, charged := b.charges[session]; !charged {
			b.complain("order %s has no charge: %s", order.Identifier, session)
		}
	}
	for session := range b.exceptions {
		if _, charged := b.charges[session]; !charged {
			b.complain("exception about %s, which was not charged", session)
		}
	}
}

func (b *books) compareOrder(taken charge, order booked) {
	if order.TotalMinor != taken.amount || order.Currency != taken.currency {
		b.complain("order %s is about %d %s, %s was charged %d %s", order.Identifier, order.TotalMinor, order.Currency, taken.session, taken.amount, taken.currency)
	}
	if order.PaidMinor != taken.amount || order.Intent != taken.intent {
		b.complain("order %s has payment %q of %d, the charge is %q of %d", order.Identifier, order.Intent, order.PaidMinor, taken.intent, taken.amount)
	}
}

func (b *books) compareException(taken charge, kept excepted) {
	if kept.TotalMinor != taken.amount || kept.Currency != taken.currency {
		b.complain("the exception about %s is of %d %s, the charge of %d %s", taken.session, kept.TotalMinor, kept.Currency, taken.amount, taken.currency)
	}
	if kept.Reason != "out-of-stock" || !kept.Counted {
		b.complain("the exception about %s is unexplained: %s %s", taken.session, kept.Reason, kept.Detail)
	}
	if kept.ProposedMinor != taken.amount {
		b.complain("the exception about %s proposes to give back %d of %d", taken.session, kept.ProposedMinor, taken.amount)
	}
}

// moneyExceptions are those that stand in place of an order.
func (b *books) moneyExceptions(session string) (money []excepted) {
	for _, exception := range b.exceptions[session] {
		if exception.inPlaceOfOrder() {
			money = append(money, exception)
		}
	}
	return money
}

func (e excepted) inPlaceOfOrder() bool {
	switch e.Reason {
	case "unknown-reference", "currency-mismatch", "amount-mismatch", "paid-again", "out-of-stock":
		return true
	}
	return false
}

// explain looks for what we did behind each of the other exceptions.
func (b *books) explain() {
	for session, kept := range b.exceptions {
		taken := b.charges[session]
		for _, exception := range kept {
			explained := exception.inPlaceOfOrder() || exception.Reason == "dispute" && taken.disputed ||
				exception.Reason == "refund-failed" && b.failed[taken.intent]
			if !explained {
				b.complain("an exception about %s is unexplained: %s %s", session, exception.Reason, exception.Detail)
			}
		}
	}
}

// compareDiary holds what customers paid against what was charged.
func (b *books) compareDiary(payments []paid) {
	for _, made := range payments {
		taken, charged := b.charges[made.session]
		if !charged && !made.mayFail {
			b.complain("%s was paid and is not among the charges", made.session)
		}
		if charged && made.shown != unknown && taken.amount-taken.tax != made.shown {
			b.complain("%s: the page showed %d, the charge is %d and %d tax", made.session, made.shown, taken.amount-taken.tax, taken.tax)
		}
	}
}

// countMails: exactly one confirmation per order, but none where the user process died while handing it over.
func (b *books) countMails() (interrupted int) {
	known := map[string]bool{}
	for _, order := range b.orders {
		known[order.Identifier] = true
		switch mails := b.confirmed[order.Identifier]; {
		case mails == 1:
		case mails == 0 && b.listed[order.Identifier]:
			interrupted++
		default:
			b.complain("order %s has %d confirmation mails", order.Identifier, mails)
		}
	}
	for identifier := range b.confirmed {
		if !known[identifier] {
			b.complain("a mail confirms %s, which is no order", identifier)
		}
	}
	return interrupted
}
