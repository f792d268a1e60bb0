package books_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
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
