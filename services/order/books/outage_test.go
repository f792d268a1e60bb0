package books_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

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
				require.NotContains(t, err.Error(), session[:8], "who knows a session can read its order")
			}

			shop.Client.Before = nil
			require.Zero(t, reconciled(t, shop).Findings)
			require.Equal(t, 5, shop.Count(t, "SELECT count(*) FROM purchase"))
		})
	}
}

func TestAFailureSaysNothingAboutTheBooks(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"the database went away":  io.ErrUnexpectedEOF,
		"its connection is gone":  fmt.Errorf("find checkout: %w", errors.New("conn closed")),
		"a defect":                fault.New(fault.Internal, "internal", ""),
		"a fault nobody knows":    fault.New(fault.Conflict, "something-new", ""),
		"too many":                fault.New(fault.RateLimited, "rate-limited", ""),
		"the caller left":         context.Canceled,
		"the database is too old": &pgconn.PgError{Code: "42P01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			for range 5 {
				paid(t, shop)
			}
			shop.Clock.Advance(time.Hour)
			with := needs(shop)
			with.Completer = broken{failure}

			outcome, err := books.NewReconciler(with).Reconcile(t.Context(), today(shop))

			require.Error(t, err)
			require.Equal(t, 5, outcome.Payments)
			require.Zero(t, outcome.Findings)
			require.Zero(t, shop.Count(t, "SELECT count(*) FROM payment_exception"))
			require.NotContains(t, err.Error(), "cs_test", "who knows a session can read its order")
			require.Regexp(t, `checkout_\w{32}: `, err.Error())
		})
	}
}

func TestWhatFailsForeverKeepsNobodyFromItsOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	for range 5 {
		paid(t, shop)
	}
	good := paid(t, shop)
	shop.Clock.Advance(time.Hour)
	with := needs(shop)
	with.Completer = picky{Completer: shop.Checkouts, only: good}

	outcome, err := books.NewReconciler(with).Reconcile(t.Context(), today(shop))

	require.ErrorContains(t, err, "a defect")
	require.NotContains(t, err.Error(), "nobody answers", "that is not so")
	require.Equal(t, 1, outcome.MadeUp)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1", good))
}

// picky completes one session and fails at all others.
type picky struct {
	books.Completer
	only string
}

func (p picky) CompleteCheckout(ctx context.Context, request *orderv1.CompleteCheckoutRequest) (*orderv1.CompleteCheckoutResponse, error) {
	if request.GetSessionId() != p.only {
		return nil, errors.New("a defect")
	}
	return p.Completer.CompleteCheckout(ctx, request)
}
