package checkout_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
)

func TestSweepMakesTheOrderNobodyToldOf(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session)) // the browser is closed, the webhook is lost
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM purchase"), "the others have their chance first")
	shop.Clock.Advance(2 * checkouttest.SweepInterval)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1", session))
	require.Empty(t, shop.Cart(t, guest))
	require.Empty(t, shop.Violations(t))
}

func TestSweepFinishesEventsWhoseSecondHalfDied(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Payment.Event("checkout.session.completed", session)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	require.Equal(t, 1, shop.Payment.Unhandled(), "a young event is in the hands of the edge")
	shop.Clock.Advance(11 * time.Second)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Zero(t, shop.Payment.Unhandled())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
}

func TestTwoSweepsAtOnceMakeOneOrderEach(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	processes := []*checkouttest.Process{shop.Process, shop.Another(t, nil)}
	for range 12 {
		guest := checkouttest.Guest()
		shop.Fill(t, guest, checkouttest.PaperClips, 1)
		session := shop.Start(t, guest)
		require.True(t, shop.Payment.Pay(session))
		shop.Payment.Event("checkout.session.completed", session)
	}
	shop.Clock.Advance(time.Hour)
	var group sync.WaitGroup
	for _, process := range processes {
		group.Go(func() { _ = process.Checkouts.Sweep(t.Context()) })
	}
	group.Wait()

	require.Equal(t, 12, shop.Count(t, "SELECT count(*) FROM purchase"))
	require.Zero(t, shop.Payment.Unhandled())
	require.Empty(t, shop.Violations(t))
}

func TestSweepAsksLessAndLessOften(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	for range 30 {
		shop.Clock.Advance(time.Minute)
		require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	}
	asked := shop.Client.Calls("GetSession")
	require.Equal(t, 4, asked, "after 2, 6, 14 and 30 minutes")
	state, _ := shop.Checkout(t, session)
	require.Equal(t, "open", state, "the customer may still pay")

	shop.Clock.Advance(2*time.Minute + time.Second)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	state, _ = shop.Checkout(t, session)
	require.Equal(t, "expired", state, "Stripe did not end it by itself")
	require.Empty(t, shop.Payment.Payable())
	shop.Clock.Advance(48 * time.Hour)
	before := shop.Client.Calls("GetSession")
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	require.Equal(t, before, shop.Client.Calls("GetSession"), "what is settled is left alone")
}

func TestSweepDoesNotSleepThroughTheEndOfASession(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	shop.Clock.Advance(checkouttest.SessionLifetime - 10*time.Minute)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	shop.Payment.Expire(t, session)
	shop.Clock.Advance(12 * time.Minute)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	state, _ := shop.Checkout(t, session)
	require.Equal(t, "expired", state)
}

func TestSweepEndsWhatADeadStartLeftOpen(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	old := shop.Start(t, guest)
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	_, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))
	require.Error(t, err)
	shop.Client.Before = nil
	shop.Clock.Advance(10 * time.Minute)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	state, _ := shop.Checkout(t, old)
	require.Equal(t, "expired", state)
	require.Empty(t, shop.Payment.Payable())
	require.Len(t, shop.Payment.Sessions(), 1, "no session is opened just to be ended")
}

func TestSweepLeavesAStartTimeToGetItsSession(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Client.After = func(_ context.Context, method string) error {
		if method != "OpenSession" {
			return nil
		}
		shop.Clock.Advance(3 * time.Minute) // another process sweeps meanwhile
		return shop.Another(t, nil).Checkouts.Sweep(t.Context())
	}

	session := shop.Start(t, guest)

	state, _ := shop.Checkout(t, session)
	require.Equal(t, "open", state)
}

func TestSessionOfAStartThatWasGivenUpIsNeverGivenOut(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	var once sync.Once
	shop.Client.After = func(_ context.Context, method string) error {
		if method == "OpenSession" {
			once.Do(func() {
				shop.Clock.Advance(10 * time.Minute)
				require.NoError(t, shop.Another(t, nil).Checkouts.Sweep(t.Context()))
			})
		}
		return nil
	}

	session := shop.Start(t, guest)

	payable := shop.Payment.Payable()
	require.Len(t, payable, 1)
	require.Equal(t, session, payable[0].GetSessionId())
	require.Len(t, shop.Payment.Sessions(), 2)
}

func TestSlowPaymentIsWaitedFor(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session, checkouttest.Later))
	for range 10 {
		shop.Clock.Advance(24 * time.Hour)
		require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	}
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.PaymentStatus = paymentv1.PaymentStatus_PAYMENT_STATUS_PAID })
	shop.Clock.Advance(time.Hour)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
}

func TestWhatNeverComesIsGivenUp(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	slow, forgotten := checkouttest.Guest(), checkouttest.Guest()
	shop.Fill(t, slow, checkouttest.PaperClips, 1)
	shop.Fill(t, forgotten, checkouttest.PaperClips, 1)
	require.True(t, shop.Payment.Pay(shop.Start(t, slow), checkouttest.Later))
	shop.Payment.Forget(shop.Start(t, forgotten))
	shop.Clock.Advance(time.Hour)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM checkout WHERE state = 'open'"))
	shop.Clock.Advance(32 * 24 * time.Hour)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM checkout WHERE state = 'expired'"))
}

func TestSweepSurvivesAnAbsentPaymentService(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Payment.Event("checkout.session.completed", session)
	shop.Clock.Advance(time.Hour)
	shop.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	require.Error(t, shop.Checkouts.Sweep(t.Context()))
	shop.Client.Before = nil
	shop.Clock.Advance(time.Hour)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
}

// TestSweepGetsRoundWhatStripeCannotAnswer has two sessions that Stripe fails on for good. They come first, among the
// events and among the checkouts; whoever paid after them must not wait for them.
func TestSweepGetsRoundWhatStripeCannotAnswer(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var sessions []string
	for range 4 {
		guest := checkouttest.Guest()
		shop.Fill(t, guest, checkouttest.PaperClips, 1)
		sessions = append(sessions, shop.Start(t, guest))
		require.True(t, shop.Payment.Pay(sessions[len(sessions)-1]))
		shop.Clock.Advance(time.Second)
	}
	for _, session := range sessions[:3] {
		shop.Payment.Event("checkout.session.completed", session)
		shop.Clock.Advance(time.Second)
	}
	shop.Client.BeforeSession = func(_ string, session string) error {
		if session == sessions[0] || session == sessions[1] {
			return checkouttest.Unavailable()
		}
		return nil
	}
	shop.Clock.Advance(time.Hour)

	require.Error(t, shop.Checkouts.Sweep(t.Context()))

	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM purchase"))
	require.Equal(t, 2, shop.Payment.Unhandled())
}

// TestSweepPutsOffOnlyWhatItAskedAbout: a sweep that gives up has asked about a few of the checkouts that it took. The
// others are not to blame and come up in the next sweep.
func TestSweepPutsOffOnlyWhatItAskedAbout(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	for range 8 {
		guest := checkouttest.Guest()
		shop.Fill(t, guest, checkouttest.PaperClips, 1)
		require.True(t, shop.Payment.Pay(shop.Start(t, guest)))
	}
	shop.Clock.Advance(time.Hour)
	asked := 0
	shop.Client.BeforeSession = func(string, string) error { asked++; return checkouttest.Unavailable() }
	require.Error(t, shop.Checkouts.Sweep(t.Context()))
	require.Less(t, asked, 8, "nobody answers: that need not be heard eight times")
	shop.Client.BeforeSession = nil
	shop.Clock.Advance(checkouttest.SweepInterval)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Equal(t, 8-asked, shop.Count(t, "SELECT count(*) FROM purchase"))
}

func TestRunSweepsAtOnceAndEndsWhenTold(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	require.True(t, shop.Payment.Pay(shop.Start(t, guest)))
	shop.Clock.Advance(time.Hour) // the process was down for that long
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- shop.Checkouts.Run(ctx) }()
	require.Eventually(t, func() bool { return shop.Count(t, "SELECT count(*) FROM purchase") == 1 }, 10*time.Second, 5*time.Millisecond)

	stop()

	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("Run did not end")
	}
}
