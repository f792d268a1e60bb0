package books

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// compare holds payments of Stripe against our books.
func (r *run) compare(ctx context.Context, payments []*paymentv1.Payment) error {
	ours, err := r.ours(ctx, payments)
	if err != nil {
		return err
	}
	for _, payment := range payments {
		if err := r.failed(ctx, payment.GetReference(), r.compareOne(ctx, payment, ours)); err != nil {
			return err
		}
	}
	return nil
}

// page is what we have written about a page of payments.
type page struct {
	sessions map[string]dbgen.BooksOfSessionsRow
	money    map[string]dbgen.MoneyOfIntentsRow
}

func (r *run) ours(ctx context.Context, payments []*paymentv1.Payment) (page, error) {
	known := page{sessions: map[string]dbgen.BooksOfSessionsRow{}, money: map[string]dbgen.MoneyOfIntentsRow{}}
	var sessions, intents []string
	for _, payment := range payments {
		sessions = append(sessions, payment.GetSessionId())
		if payment.GetPaymentIntentId() != "" {
			intents = append(intents, payment.GetPaymentIntentId())
		}
	}
	queries := dbgen.New(r.needs.Database)
	rows, err := queries.BooksOfSessions(ctx, sessions)
	if err != nil {
		return page{}, fmt.Errorf("read our side of sessions: %w", err)
	}
	for _, row := range rows {
		known.sessions[row.SessionID] = row
	}
	became, err := queries.MoneyOfIntents(ctx, dbgen.MoneyOfIntentsParams{PaymentIntents: intents, Young: r.needs.Now().Add(-r.outcome.Period.Grace)})
	if err != nil {
		return page{}, fmt.Errorf("read our side of refunds: %w", err)
	}
	for _, row := range became {
		known.money[row.PaymentIntent] = row
	}
	return known, nil
}

func (r *run) compareOne(ctx context.Context, payment *paymentv1.Payment, known page) error {
	ours := known.sessions[payment.GetSessionId()]
	if ours.Identifier == nil && !ours.Excepted {
		became, err := r.makeUp(ctx, payment)
		if err != nil || became.Identifier == nil {
			return err
		}
		ours = became
	}
	var failed [3]error
	if ours.Identifier != nil {
		failed[0] = r.compareOrder(ctx, payment, ours)
	}
	if payment.GetPaymentIntentId() != "" {
		failed[1] = r.compareRefunds(ctx, payment, ours, known.money[payment.GetPaymentIntentId()])
		failed[2] = r.compareDispute(ctx, payment, ours, known.money[payment.GetPaymentIntentId()])
	}
	return errors.Join(failed[:]...)
}

// makeUp completes a paid session of which nothing came; only what is said not to become an order is a finding: money must not be
// proposed to go back because a connection dropped. The completion may well find an exception of its own.
func (r *run) makeUp(ctx context.Context, payment *paymentv1.Payment) (dbgen.BooksOfSessionsRow, error) {
	failed := r.complete(ctx, payment.GetSessionId())
	if !isOutcome(failed) {
		return dbgen.BooksOfSessionsRow{}, failed
	}
	ours, err := r.ours(ctx, []*paymentv1.Payment{payment})
	if err != nil {
		return dbgen.BooksOfSessionsRow{}, err
	}
	row := ours.sessions[payment.GetSessionId()]
	if row.Identifier != nil {
		r.outcome.MadeUp++
		return row, nil
	}
	if row.Excepted {
		return row, nil
	}
	finding, err := r.paidWithoutOrder(ctx, payment, fault.ReasonOf(failed))
	if err != nil {
		return row, err
	}
	return row, r.note(ctx, finding)
}

// isOutcome tells whether a completion answered, with an order or with why there is none (proto order.v1.CheckoutService). Every
// other failure says nothing about the books.
func isOutcome(failed error) bool {
	if failed == nil {
		return true
	}
	switch fault.ReasonOf(failed) {
	case "session-not-found", "checkout-not-found", "payment-not-completed", "payment-exception":
		return true
	}
	return false
}

func (r *run) complete(ctx context.Context, sessionID string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := r.needs.Completer.CompleteCheckout(ctx, &orderv1.CompleteCheckoutRequest{SessionId: sessionID})
	return err
}

func (r *run) paidWithoutOrder(ctx context.Context, payment *paymentv1.Payment, because string) (exception.Finding, error) {
	finding := findingOf(payment, exception.PaidWithoutOrder)
	finding.Detail = strings.TrimSuffix("paid at Stripe, and no order came of it: "+because, ": ")
	if payment.GetPaymentIntentId() != "" {
		finding.ProposedRefundMinor = max(0, payment.GetTotalMinor()-payment.GetRefundedMinor())
	}
	checkout, err := dbgen.New(r.needs.Database).FindCheckoutByReference(ctx, storable(payment.GetReference()))
	if errors.Is(err, pgx.ErrNoRows) {
		return finding, nil
	}
	if err != nil {
		return exception.Finding{}, fmt.Errorf("find checkout of payment: %w", err)
	}
	finding.CheckoutID, finding.ExpectedMinor = &checkout.ID, &checkout.TotalMinor
	return finding, nil
}

func (r *run) compareOrder(ctx context.Context, payment *paymentv1.Payment, ours dbgen.BooksOfSessionsRow) error {
	differences := differencesOf(payment, ours)
	if len(differences) == 0 {
		return nil
	}
	finding := about(findingOf(payment, exception.OrderDiffersFromPayment), ours)
	finding.Detail = strings.Join(differences, "; ")
	return r.note(ctx, finding)
}

// differencesOf names each figure of an order that is not Stripe's. The details of an exception tell whether it is the one that
// was resolved, so nothing in them may change by itself.
func differencesOf(payment *paymentv1.Payment, ours dbgen.BooksOfSessionsRow) []string {
	var differences []string
	text := func(name, here, there string) {
		if here != there {
			differences = append(differences, fmt.Sprintf("%s is %s, at Stripe %s", name, cmp.Or(here, "none"), cmp.Or(storable(there), "none")))
		}
	}
	minor := func(name string, here *int64, there int64) {
		if here == nil || *here != there {
			differences = append(differences, fmt.Sprintf("%s is %s, at Stripe %s", name, shown(here), money.Format(there)))
		}
	}
	text("checkout", orEmpty(ours.Reference), payment.GetReference())
	text("payment", orEmpty(ours.PaymentIntentID), payment.GetPaymentIntentId())
	text("currency", orEmpty(ours.Currency), payment.GetCurrency())
	text("currency of the payment", orEmpty(ours.PaymentCurrency), payment.GetCurrency())
	minor("order total", ours.OrderTotalMinor, payment.GetTotalMinor())
	minor("total", ours.TotalMinor, payment.GetTotalMinor())
	minor("subtotal", ours.SubtotalMinor, payment.GetSubtotalMinor())
	minor("discount", ours.DiscountMinor, payment.GetDiscountMinor())
	minor("tax", ours.TaxMinor, payment.GetTaxMinor())
	minor("shipping", ours.ShippingMinor, payment.GetShippingMinor())
	return differences
}

// compareRefunds learns what Stripe knows before it complains, and then asks both sides anew: the list may be minutes old.
func (r *run) compareRefunds(ctx context.Context, payment *paymentv1.Payment, ours dbgen.BooksOfSessionsRow, became dbgen.MoneyOfIntentsRow) error {
	if became.UnderWay || became.RefundedMinor == payment.GetRefundedMinor() {
		return nil
	}
	there, err := r.learn(ctx, payment.GetPaymentIntentId())
	if err != nil {
		return err
	}
	now, err := r.ours(ctx, []*paymentv1.Payment{payment})
	if err != nil {
		return err
	}
	here := now.money[payment.GetPaymentIntentId()]
	if here.UnderWay || here.RefundedMinor == there {
		return nil
	}
	finding := about(findingOf(payment, exception.RefundDiffers), ours)
	finding.Detail = fmt.Sprintf("given back %s, at Stripe %s", money.Format(here.RefundedMinor), money.Format(there))
	return r.note(ctx, finding)
}

// learn brings our books up to date and answers what Stripe has given back.
func (r *run) learn(ctx context.Context, paymentIntentID string) (refundedMinor int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := r.needs.Learner.LearnRefunds(ctx, paymentIntentID); err != nil {
		return 0, fmt.Errorf("learn refunds: %w", err)
	}
	listed, err := r.needs.Payments.ListRefunds(ctx, &paymentv1.ListRefundsRequest{PaymentIntentId: paymentIntentID})
	if err != nil {
		return 0, fmt.Errorf("list refunds: %w", err)
	}
	for _, refund := range listed.GetRefunds() {
		if refund.GetStatus() != paymentv1.RefundStatus_REFUND_STATUS_FAILED {
			refundedMinor += refund.GetAmountMinor()
		}
	}
	return refundedMinor, nil
}

func (r *run) compareDispute(ctx context.Context, payment *paymentv1.Payment, ours dbgen.BooksOfSessionsRow, became dbgen.MoneyOfIntentsRow) error {
	if !payment.GetDisputed() || became.Disputed {
		return nil
	}
	finding := about(findingOf(payment, exception.Dispute), ours)
	finding.Detail = "disputed at Stripe, and no dispute is known here"
	return r.note(ctx, finding)
}

// wasPaid asks about an order's session that Stripe did not list as paid.
func (r *run) wasPaid(ctx context.Context, sessionID string) error {
	session, err := r.session(ctx, sessionID)
	if err != nil && fault.ReasonOf(err) != "session-not-found" {
		return err
	}
	payment := paymentOf(sessionID, session)
	ours, err := r.ours(ctx, []*paymentv1.Payment{payment})
	if err != nil {
		return err
	}
	row := ours.sessions[sessionID]
	if session == nil {
		return r.note(ctx, withoutPayment(row, "Stripe does not know the session"))
	}
	if !isPaid(session) {
		return r.note(ctx, withoutPayment(row, "not paid at Stripe"))
	}
	return r.compareOrder(ctx, payment, row)
}

func (r *run) session(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := r.needs.Payments.GetSession(ctx, &paymentv1.GetSessionRequest{SessionId: sessionID})
	if err != nil {
		return nil, err
	}
	return answer.GetSession(), nil
}

// isPaid: where nothing was to be paid, the session must be complete (contract payment.md P-03).
func isPaid(session *paymentv1.Session) bool {
	return session.GetPaymentStatus() == paymentv1.PaymentStatus_PAYMENT_STATUS_PAID ||
		session.GetPaymentStatus() == paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED && session.GetStatus() == paymentv1.SessionStatus_SESSION_STATUS_COMPLETE
}
