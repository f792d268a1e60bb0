package books

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	// UsualGrace is how long a session, or a refund, may be under way before anything about it is a finding.
	UsualGrace = 15 * time.Minute
	// overlap is how much more of Stripe's sessions is read at both ends of a period, so that an order at its edge, whose session
	// was made a little later than its checkout, need not be asked about on its own.
	overlap = 10 * time.Minute
	// callTimeout bounds one call of another service or room, which itself waits for Stripe.
	callTimeout = 30 * time.Second
	orderBatch  = 500
	// deafness is how many calls in a row that nobody answers end a reconciliation, and mostFailures how many of any kind.
	deafness     = 3
	mostFailures = 50
)

// errBrokenOff: a reconciliation did not come to everything in its period, unlike one that merely could not compare some of it.
var errBrokenOff = errors.New("reconciliation broken off")

// Payments is what is asked of the payment service; paymentv1.PaymentServiceClient is one.
type Payments interface {
	ListPayments(ctx context.Context, in *paymentv1.ListPaymentsRequest, opts ...grpc.CallOption) (*paymentv1.ListPaymentsResponse, error)
	GetSession(ctx context.Context, in *paymentv1.GetSessionRequest, opts ...grpc.CallOption) (*paymentv1.GetSessionResponse, error)
	ListRefunds(ctx context.Context, in *paymentv1.ListRefundsRequest, opts ...grpc.CallOption) (*paymentv1.ListRefundsResponse, error)
}

// Completer makes the order of a paid session; package checkout does.
type Completer interface {
	CompleteCheckout(ctx context.Context, request *orderv1.CompleteCheckoutRequest) (*orderv1.CompleteCheckoutResponse, error)
}

// Learner brings our books up to what Stripe says of a payment's refunds; package refund does.
type Learner interface {
	LearnRefunds(ctx context.Context, paymentIntentID string) error
}

// Dependencies is whom a reconciliation works with. All are required.
type Dependencies struct {
	Database   *postgres.Database
	Payments   Payments
	Completer  Completer
	Learner    Learner
	Exceptions *exception.Exceptions
	Telemetry  telemetry.Telemetry
	Now        func() time.Time
}

// Reconciler compares our books with Stripe's. Safe for concurrent use, and for any number of processes.
type Reconciler struct{ needs Dependencies }

// NewReconciler makes it; it needs no closing.
func NewReconciler(needs Dependencies) *Reconciler { return &Reconciler{needs: needs} }

// Period is a stretch of time, by the moment at which sessions and their checkouts are made: From inclusive, Until exclusive.
type Period struct {
	From, Until time.Time
	// Grace is how old a session must be to be judged: UsualGrace, or less when it is known that nothing is under way.
	Grace time.Duration
}

func (p Period) has(at time.Time) bool { return !at.Before(p.From) && at.Before(p.Until) }

// Outcome is what a reconciliation saw and did.
type Outcome struct {
	Period    Period
	Payments  int   // paid sessions of ours
	PaidMinor int64 // what they come to
	Orders    int   // orders of the period
	Young     int   // payments and orders too young to be judged
	Waiting   int   // sessions that are complete and not paid yet
	MadeUp    int   // paid sessions that became their order just now
	Findings  int   // differences, also those that are known
	// Unresolved are the exceptions about the period that wait for somebody, newest first.
	Unresolved []*orderv1.Exception
}

// Reconcile holds every session that was paid at Stripe against its order, and every order against its session. A session of the
// period is one that was made in it, whenever it was paid; an order belongs to the period in which its checkout was made. An
// order whose session Stripe does not list is asked about on its own before it is a finding, so it does not matter when exactly
// either was made.
//
// What was missed is made up for: a paid session becomes its order, refunds are learnt. What remains is noted as an exception,
// once; one that was resolved stays so until something else is wrong. An error means that not everything was compared; what
// was found until then is noted and in the outcome.
func (r *Reconciler) Reconcile(ctx context.Context, period Period) (Outcome, error) {
	run := &run{Reconciler: r, outcome: Outcome{Period: period}, paid: map[string]bool{}, sessions: map[string]bool{}}
	failed := run.payments(ctx)
	if failed == nil {
		failed = run.orders(ctx)
	}
	if failed != nil {
		failed = fmt.Errorf("%w: %w", errBrokenOff, failed)
	}
	listed := run.unresolved(ctx)
	return run.outcome, errors.Join(failed, errors.Join(run.failures...), listed)
}

// run is one reconciliation.
type run struct {
	*Reconciler
	outcome  Outcome
	paid     map[string]bool // sessions that Stripe lists as paid, and a little more than those of the period
	sessions map[string]bool // all of the period, of Stripe's and of ours
	failures []error
	deaf     int // calls in a row that nobody answered
}

// failed keeps account of what could not be compared, and ends the run when nobody answers any more. A checkout is named by its
// reference: who knows a session can read its order, and errors are logged.
func (r *run) failed(ctx context.Context, reference string, err error) error {
	if err == nil {
		r.deaf = 0
		return nil
	}
	r.failures = append(r.failures, fmt.Errorf("%s: %w", cmp.Or(storable(reference), "a session without a reference"), err))
	if nobodyAnswered(err) {
		r.deaf++
	}
	switch {
	case r.deaf >= deafness:
		return errors.New("nobody answers")
	case len(r.failures) >= mostFailures:
		return fmt.Errorf("%d failures", len(r.failures))
	}
	return ctx.Err()
}

// nobodyAnswered tells a silence from an answer that could not be used, which the next call may well not meet.
func nobodyAnswered(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.DeadlineExceeded, fault.Canceled:
		return true
	default:
		return errors.Is(err, context.Canceled)
	}
}

// payments reads Stripe's side, page by page.
func (r *run) payments(ctx context.Context) error {
	request := &paymentv1.ListPaymentsRequest{
		From:  timestamppb.New(r.outcome.Period.From.Add(-overlap)),
		Until: timestamppb.New(r.outcome.Period.Until.Add(overlap)),
	}
	for {
		page, err := r.page(ctx, request)
		if err != nil {
			return fmt.Errorf("list payments: %w", err)
		}
		if err := r.compare(ctx, r.toCompare(page.GetPayments())); err != nil {
			return err
		}
		if page.GetNextPageToken() == "" {
			return nil
		}
		if page.GetNextPageToken() == request.GetPageToken() {
			return errors.New("list payments: the same page comes again and again")
		}
		request.PageToken = page.GetNextPageToken()
	}
}

func (r *run) page(ctx context.Context, request *paymentv1.ListPaymentsRequest) (*paymentv1.ListPaymentsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return r.needs.Payments.ListPayments(ctx, request)
}

// toCompare counts a page and picks out what is of the period, paid and old enough.
func (r *run) toCompare(page []*paymentv1.Payment) []*paymentv1.Payment {
	var picked []*paymentv1.Payment
	for _, payment := range page {
		isPaid := payment.GetPaymentStatus() == paymentv1.PaymentStatus_PAYMENT_STATUS_PAID ||
			payment.GetPaymentStatus() == paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED
		if isPaid {
			r.paid[payment.GetSessionId()] = true
		}
		if !r.outcome.Period.has(payment.GetCreatedAt().AsTime()) {
			continue
		}
		r.sessions[payment.GetSessionId()] = true
		switch {
		case !isPaid:
			r.outcome.Waiting++
		case r.young(payment.GetCreatedAt().AsTime()):
			r.outcome.Young++
		default:
			r.outcome.Payments++
			r.outcome.PaidMinor += payment.GetTotalMinor()
			picked = append(picked, payment)
		}
	}
	return picked
}

func (r *run) young(made time.Time) bool {
	return made.After(r.needs.Now().Add(-r.outcome.Period.Grace))
}

// orders looks for those that nobody paid.
func (r *run) orders(ctx context.Context) error {
	queries, after := dbgen.New(r.needs.Database), int64(0)
	for {
		orders, err := queries.ListOrdersOfPeriod(ctx, dbgen.ListOrdersOfPeriodParams{
			FromAt: r.outcome.Period.From, UntilAt: r.outcome.Period.Until, After: after, Most: orderBatch,
		})
		if err != nil {
			return fmt.Errorf("list orders: %w", err)
		}
		for _, order := range orders {
			after = order.CheckoutID
			r.sessions[order.SessionID] = true
			r.outcome.Orders++
			if r.paid[order.SessionID] {
				continue
			}
			if r.young(order.CreatedAt) {
				r.outcome.Young++
				continue
			}
			if err := r.failed(ctx, order.Reference, r.wasPaid(ctx, order.SessionID)); err != nil {
				return err
			}
		}
		if len(orders) < orderBatch {
			return nil
		}
	}
}

// note keeps a finding.
func (r *run) note(ctx context.Context, finding exception.Finding) error {
	r.outcome.Findings++
	isNew := false
	err := r.needs.Database.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		isNew, err = r.needs.Exceptions.Note(ctx, tx, finding)
		return err
	})
	if err == nil && isNew {
		r.needs.Exceptions.Announce(ctx, finding)
	}
	return err
}

// unresolved collects the exceptions about the period, however they came to be. It is asked for also when the run broke off.
func (r *run) unresolved(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	all, err := r.needs.Exceptions.Unresolved(ctx)
	if err != nil {
		return err
	}
	for _, each := range all {
		if r.sessions[each.GetSessionId()] || r.outcome.Period.has(each.GetNoticedAt().AsTime()) {
			r.outcome.Unresolved = append(r.outcome.Unresolved, each)
		}
	}
	return nil
}
