package books_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func needs(shop *checkouttest.Shop) books.Dependencies {
	return books.Dependencies{
		Database: shop.DB, Payments: shop.Client, Completer: shop.Checkouts, Learner: shop.Refunds, Exceptions: shop.Exceptions,
		Telemetry: telemetry.Silent(), Now: shop.Clock.Now,
	}
}

func today(shop *checkouttest.Shop) books.Period {
	return books.Period{From: shop.Clock.Now().Add(-24 * time.Hour), Until: shop.Clock.Now(), Grace: books.UsualGrace}
}

// reconciled is what a run that must not fail says.
func reconciled(t *testing.T, shop *checkouttest.Shop) books.Outcome {
	t.Helper()
	outcome, err := books.NewReconciler(needs(shop)).Reconcile(t.Context(), today(shop))
	require.NoError(t, err)
	return outcome
}

// paid is a session that was paid and of which nobody told the shop.
func paid(t *testing.T, shop *checkouttest.Shop, changes ...func(*paymentv1.Session)) string {
	t.Helper()
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.RubberBands, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session, changes...))
	return session
}

// settled is a shop with one order, an hour old, and the order's session.
func settled(t *testing.T) (*checkouttest.Shop, string) {
	t.Helper()
	shop := checkouttest.Open(t)
	session := paid(t, shop)
	shop.Complete(t, session)
	shop.Clock.Advance(time.Hour)
	return shop, session
}

func TestBooksThatAgree(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	const subtotal = 2*checkouttest.RubberBandsMinor + checkouttest.GroundMinor
	shop.Complete(t, paid(t, shop))
	shop.Complete(t, paid(t, shop, checkouttest.Tax(123)))
	shop.Complete(t, paid(t, shop, checkouttest.Discount(500)))
	shop.Complete(t, paid(t, shop, checkouttest.Discount(subtotal))) // nothing to pay
	paid(t, shop, checkouttest.Later)
	open := checkouttest.Guest()
	shop.Fill(t, open, checkouttest.PaperClips, 1)
	shop.Start(t, open) // never paid
	shop.Clock.Advance(time.Hour)

	outcome := reconciled(t, shop)

	require.Equal(t, books.Outcome{Period: today(shop), Payments: 4, PaidMinor: 3*subtotal + 123 - 500, Orders: 4, Waiting: 1}, outcome)
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM payment_exception"))
}

func TestWhatIsUnderWayIsNoFinding(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	paid(t, shop)
	unpaid := paid(t, shop)
	shop.Complete(t, unpaid)
	shop.Payment.Forget(unpaid)
	shop.Clock.Advance(14 * time.Minute)

	outcome := reconciled(t, shop)

	require.Equal(t, 2, outcome.Young)
	require.Zero(t, outcome.Findings+outcome.MadeUp)

	printed, err := command(t, shop, "-grace", "0s")
	require.ErrorContains(t, err, "something to resolve")
	require.Contains(t, printed, "1 payments over 39.54, 2 orders, 1 made up for, 0 not paid yet, 0 too young, 1 findings, 1 exceptions to resolve\n")
}

func TestAPaymentThatNobodyHeardOfBecomesItsOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	session := paid(t, shop)
	shop.Clock.Advance(time.Hour)

	outcome := reconciled(t, shop)
	require.Equal(t, 1, outcome.MadeUp)
	require.Zero(t, outcome.Findings)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1", session))
	require.Zero(t, reconciled(t, shop).MadeUp)
}

func TestAPaymentThatCannotBecomeItsOrderHasItsOwnException(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	session := paid(t, shop)
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.Currency = "cad" })
	shop.Clock.Advance(time.Hour)
	for range 2 {
		outcome := reconciled(t, shop)
		require.Zero(t, outcome.Findings)
		require.Len(t, outcome.Unresolved, 1)
		require.Equal(t, exception.CurrencyMismatch, outcome.Unresolved[0].GetReason())
	}
}

// broken cannot complete anything.
type broken struct{ err error }

func (b broken) CompleteCheckout(context.Context, *orderv1.CompleteCheckoutRequest) (*orderv1.CompleteCheckoutResponse, error) {
	return nil, b.err
}

func TestDifferencesBecomeExceptionsOnce(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]struct {
		spoil          func(t *testing.T, shop *checkouttest.Shop, session string)
		reason, detail string
		proposed       int64
	}{
		"stripe does not know it": {
			func(_ *testing.T, shop *checkouttest.Shop, session string) { shop.Payment.Forget(session) },
			exception.OrderWithoutPayment, "Stripe does not know the session", 0,
		},
		"never paid": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Payment.Change(t, session, func(s *paymentv1.Session) {
					s.Status, s.PaymentStatus = paymentv1.SessionStatus_SESSION_STATUS_EXPIRED, paymentv1.PaymentStatus_PAYMENT_STATUS_UNPAID
				})
			},
			exception.OrderWithoutPayment, "not paid at Stripe", 0,
		},
		"complete and not paid any more": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Payment.Change(t, session, checkouttest.Later)
			},
			exception.OrderWithoutPayment, "not paid at Stripe", 0,
		},
		"another amount": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.TotalMinor--; s.TaxMinor = 7 })
			},
			exception.OrderDiffersFromPayment, "order total is 39.54, at Stripe 39.53; total is 39.54, at Stripe 39.53; tax is 0.00, at Stripe 0.07", 0,
		},
		"another currency and payment": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.Currency, s.PaymentIntentId = "cad", "pi_other" })
			},
			exception.OrderDiffersFromPayment, "payment is pi_of_cs_test_000001, at Stripe pi_other; currency is usd, at Stripe cad; currency of the payment is usd, at Stripe cad", 0,
		},
		"another checkout": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.Reference = "checkout_\x00x" })
			},
			exception.OrderDiffersFromPayment, "at Stripe checkout_x", 0,
		},
		"a refund that Stripe did not make": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Exec(t, `INSERT INTO refund (key, purchase_id, payment_intent, amount_minor, currency, state, refund_id, requested_by, note, requested_at, settled_at)
					SELECT 'x', id, payment_key, 1000, 'usd', 'succeeded', 're_x', 'ada', '', now(), now() FROM purchase WHERE session_id = $1`, session)
			},
			exception.RefundDiffers, "given back 10.00, at Stripe 0.00", 0,
		},
		"a dispute that nobody told of": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Payment.Dispute(t, "dp_1", session, "needs_response")
			},
			exception.Dispute, "disputed at Stripe, and no dispute is known here", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop, session := settled(t)
			wrong.spoil(t, shop, session)
			for range 2 {
				outcome := reconciled(t, shop)
				require.Equal(t, 1, outcome.Findings)
				require.Len(t, outcome.Unresolved, 1)
				found := outcome.Unresolved[0]
				require.Equal(t, wrong.reason, found.GetReason())
				require.Contains(t, found.GetDetail(), wrong.detail)
				require.Equal(t, session, found.GetSessionId())
				require.NotEmpty(t, found.GetOrderIdentifier())
				require.Equal(t, wrong.proposed, found.GetProposedRefundMinor())
			}
			requireResolvedForGood(t, shop)
		})
	}
}

// requireResolvedForGood resolves the only exception; the same difference does not open it again, another one does.
func requireResolvedForGood(t *testing.T, shop *checkouttest.Shop) {
	t.Helper()
	resolve := func() {
		shop.Exec(t, "UPDATE payment_exception SET resolved_at = now(), resolved_by = 'ada', resolution = 'looked into'")
	}
	resolve()
	outcome := reconciled(t, shop)
	require.Equal(t, 1, outcome.Findings)
	require.Empty(t, outcome.Unresolved)
	shop.Exec(t, "UPDATE payment_exception SET detail = 'something else'")
	require.Len(t, reconciled(t, shop).Unresolved, 1)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception"))
}

func TestPaidAndNoOrderComesOfIt(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	session := paid(t, shop)
	shop.Payment.RefundAtStripe(t, session, 1000)
	shop.Clock.Advance(time.Hour)
	with := needs(shop)
	with.Completer = broken{fault.New(fault.Internal, "internal", "")}

	outcome, err := books.NewReconciler(with).Reconcile(t.Context(), today(shop))
	require.NoError(t, err)

	require.Len(t, outcome.Unresolved, 1)
	found := outcome.Unresolved[0]
	require.Equal(t, exception.PaidWithoutOrder, found.GetReason())
	require.Equal(t, int64(3954), found.GetPaidMinor())
	require.Equal(t, int64(3954), found.GetExpectedMinor())
	require.Equal(t, int64(2954), found.GetProposedRefundMinor())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception x JOIN checkout c ON c.id = x.checkout_id WHERE c.session_id = $1 AND x.email = ''", session))
}

func TestARefundAtTheDashboardIsLearnt(t *testing.T) {
	t.Parallel()
	shop, session := settled(t)
	shop.Payment.RefundAtStripe(t, session, 1000)
	outcome := reconciled(t, shop)
	require.Zero(t, outcome.Findings)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM refund WHERE state = 'succeeded' AND amount_minor = 1000"))
}

func TestARefundOnItsWayToStripeIsNoFinding(t *testing.T) {
	t.Parallel()
	shop, session := settled(t)
	shop.Exec(t, `INSERT INTO refund (key, purchase_id, payment_intent, amount_minor, currency, state, requested_by, note, requested_at, next_check_at)
		SELECT 'x', id, payment_key, 1000, 'usd', 'pending', 'ada', '', $2, $2 FROM purchase WHERE session_id = $1`, session, shop.Clock.Now())
	require.Zero(t, reconciled(t, shop).Findings)
	shop.Clock.Advance(20 * time.Minute)
	require.Equal(t, 1, reconciled(t, shop).Findings)
}

func TestTheEdgesOfAPeriod(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	before := paid(t, shop)
	shop.Complete(t, before)
	shop.Clock.Advance(time.Hour)
	from := shop.Clock.Now()
	first := paid(t, shop) // exactly at the beginning
	shop.Complete(t, first)
	shop.Clock.Advance(time.Hour)
	until := shop.Clock.Now()
	shop.Complete(t, paid(t, shop)) // exactly at the end: the next period's
	shop.Clock.Advance(24 * time.Hour)
	reconciler := books.NewReconciler(needs(shop))
	period := books.Period{From: from, Until: until, Grace: books.UsualGrace}

	outcome, err := reconciler.Reconcile(t.Context(), period)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 0}, []int{outcome.Payments, outcome.Orders, outcome.Findings})

	// A session that Stripe made after the period, or long before it, of a checkout in it.
	for _, at := range []time.Time{until.Add(time.Second), until.Add(time.Hour), from.Add(-time.Hour)} {
		shop.Payment.Change(t, first, func(s *paymentv1.Session) { s.CreatedAt.Seconds = at.Unix() })
		outcome, err = reconciler.Reconcile(t.Context(), period)
		require.NoError(t, err)
		require.Equal(t, []int{0, 1, 0}, []int{outcome.Payments, outcome.Orders, outcome.Findings})
	}
	require.Equal(t, 2, shop.Client.Calls("GetSession")-3, "only far ones are asked about; three were by completing")
}

func TestNobodyAnswersSaysNothingAboutTheBooks(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"ListPayments", "GetSession", "ListRefunds"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			shop, session := settled(t)
			for range 4 {
				unheard := paid(t, shop) // completing them takes GetSession
				shop.Payment.RefundAtStripe(t, unheard, 10)
			}
			shop.Payment.RefundAtStripe(t, session, 10)
			shop.Clock.Advance(time.Hour)
			shop.Client.Before = func(_ context.Context, called string) error {
				if called == method {
					return checkouttest.Unavailable()
				}
				return nil
			}
			outcome, err := books.NewReconciler(needs(shop)).Reconcile(t.Context(), today(shop))
			require.Error(t, err)
			require.Zero(t, outcome.Findings)
			require.Zero(t, shop.Count(t, "SELECT count(*) FROM payment_exception"))
			if method == "GetSession" {
				require.ErrorContains(t, err, "nobody answers")
			}

			shop.Client.Before = nil
			require.Zero(t, reconciled(t, shop).Findings)
			require.Equal(t, 5, shop.Count(t, "SELECT count(*) FROM purchase"))
		})
	}
}

func TestManyReconcileAtOnce(t *testing.T) {
	t.Parallel()
	shop, session := settled(t)
	shop.Payment.Forget(session)
	paid(t, shop)
	shop.Clock.Advance(time.Hour)
	failures := make([]error, 6)
	var group sync.WaitGroup
	for i := range failures {
		process := shop.Another(t, nil)
		with := needs(shop)
		with.Completer, with.Payments, with.Exceptions = process.Checkouts, process.Client, process.Exceptions
		group.Go(func() { _, failures[i] = books.NewReconciler(with).Reconcile(t.Context(), today(shop)) })
	}
	group.Wait()
	require.NoError(t, errors.Join(failures...))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception"))
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM purchase"))
}

// paged hands the payments out one by one, with an empty page before each.
type paged struct {
	books.Payments
	forever bool
}

func (p paged) ListPayments(ctx context.Context, in *paymentv1.ListPaymentsRequest, _ ...grpc.CallOption) (*paymentv1.ListPaymentsResponse, error) {
	all, err := p.Payments.ListPayments(ctx, in)
	if err != nil {
		return nil, err
	}
	page, _ := strconv.Atoi(in.GetPageToken())
	answer := &paymentv1.ListPaymentsResponse{NextPageToken: strconv.Itoa(page + 1)}
	if page%2 == 1 {
		answer.Payments = all.GetPayments()[page/2 : page/2+1]
	}
	if page/2 == len(all.GetPayments())-1 && page%2 == 1 {
		answer.NextPageToken = ""
	}
	if p.forever && page > 0 {
		answer.NextPageToken = in.GetPageToken()
	}
	return answer, nil
}

func TestPagesAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	for range 3 {
		paid(t, shop)
	}
	shop.Clock.Advance(time.Hour)
	with := needs(shop)
	with.Payments = paged{Payments: shop.Client}
	outcome, err := books.NewReconciler(with).Reconcile(t.Context(), today(shop))
	require.NoError(t, err)
	require.Equal(t, 3, outcome.MadeUp)

	with.Payments = paged{Payments: shop.Client, forever: true}
	_, err = books.NewReconciler(with).Reconcile(t.Context(), today(shop))
	require.ErrorContains(t, err, "again and again")
}

// command runs `order reconcile` as the program does.
func command(t *testing.T, shop *checkouttest.Shop, args ...string) (string, error) {
	t.Helper()
	var out, logs bytes.Buffer
	failed := errors.New("the task did not run")
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{
		"reconcile": {Run: func(ctx context.Context, _ struct{}, _ telemetry.Telemetry, args []string) error {
			failed = books.NewReconciler(needs(shop)).ReconcileCommand(ctx, args)
			return nil
		}},
	}}
	require.Zero(t, process.Run(t.Context(), program, append([]string{"reconcile"}, args...), nil, &out, &logs))
	return out.String(), failed
}

func TestReconcileCommand(t *testing.T) {
	t.Parallel()
	shop, session := settled(t)
	printed, err := command(t, shop)
	require.NoError(t, err)
	require.Equal(t, "2026-11-21T11:00:00Z to 2026-11-23T11:00:00Z: 1 payments over 39.54, 1 orders, 0 made up for, 0 not paid yet, 0 too young, 0 findings, 0 exceptions to resolve\n", printed)

	shop.Payment.Forget(session)
	for range 2 {
		printed, err = command(t, shop, "-from", "2026-11-23", "-until", "2026-11-23T10:30:00Z")
		require.ErrorContains(t, err, "something to resolve")
		require.Regexp(t, `(?m)^#1  order-without-payment  order [A-Za-z0-9]{10}  checkout_\w+  cs_test_000001  pi_of_cs_test_000001  paid 39.54 usd  expected 39.54 usd  0 min ago  Stripe does not know the session$`, printed)
		require.Contains(t, printed, "2026-11-23T00:00:00Z to 2026-11-23T10:30:00Z: 0 payments over 0.00, 1 orders,")
	}
	printed, err = command(t, shop, "-until", "2026-11-22", "-days", "1")
	require.NoError(t, err, "not of that period")
	require.Contains(t, printed, "2026-11-21T00:00:00Z to 2026-11-22T00:00:00Z: 0 payments")

	_, err = shop.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: 1, By: "ada", Note: "paid in cash"})
	require.NoError(t, err)
	_, err = command(t, shop)
	require.NoError(t, err)

	for _, wrong := range [][]string{{"-from", "yesterday"}, {"-days", "0"}, {"-days", "4000"}, {"-grace", "-1s"}, {"-from", "2026-11-24"}, {"now"}, {"-nonsense"}} {
		_, err = command(t, shop, wrong...)
		require.ErrorContains(t, err, "reconcile: ", "%v", wrong)
	}
	shop.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	_, err = command(t, shop)
	require.ErrorContains(t, err, "not everything was compared")
}
