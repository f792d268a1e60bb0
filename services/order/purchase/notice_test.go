package purchase_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestGivenUpNoticesAreLoggedForMonitoring(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"order_notice", "order_tracking_notice"} {
		var log bytes.Buffer
		tel := telemetry.Silent()
		tel.Logger = slog.New(slog.NewJSONHandler(&log, nil))
		purchase.MailGivenUp(tel)(t.Context(), &rivertype.JobRow{Kind: kind, EncodedArgs: []byte(`{"status_id":17}`)}, errors.New("no"))
		require.Contains(t, log.String(), "[ORDER_EMAIL_FAILURE]")
		require.Contains(t, log.String(), "17")
	}
}

func TestOrderIsReadInOneRoundTripOfFewStatements(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	identifier := buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 1)
	for range 10 { // however long its history
		shop.Clock.Advance(time.Minute)
		for _, status := range []string{"packing", "manufacturing"} {
			_, err := shop.Fulfilments.SetOrderStatus(t.Context(), &orderv1.SetOrderStatusRequest{OrderIdentifier: identifier, Status: status})
			require.NoError(t, err)
		}
	}
	ctx, count := postgres.Count(t.Context())
	answer, err := shop.Purchases.GetOrder(ctx, &orderv1.GetOrderRequest{Identifier: identifier})
	require.NoError(t, err)
	require.Len(t, answer.GetOrder().GetStatuses(), 21)
	require.Equal(t, 5, count.N())
	_, err = shop.Purchases.GetOrder(t.Context(), &orderv1.GetOrderRequest{Identifier: "nosuchorde"})
	require.Equal(t, "order-not-found", fault.ReasonOf(err))
}

func TestOrderTellsItsDiscounts(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session, checkouttest.Discount(101)))
	order := shop.Order(t, shop.Complete(t, session), 0)
	require.EqualValues(t, 101, order.GetItemDiscountMinor())
	require.EqualValues(t, 101, order.GetLines()[0].GetDiscountMinor())
	require.Len(t, order.GetDiscounts(), 1)
	require.Equal(t, "PROMOTION", order.GetDiscounts()[0].GetCode())
	require.True(t, order.GetDiscounts()[0].GetApplied())
	require.EqualValues(t, 101, order.GetDiscounts()[0].GetDiscountMinor())
	require.Zero(t, order.GetDiscounts()[0].GetDiscountCodeId())
	require.Empty(t, order.GetTrackingUrl())
}

func TestHistoryNeverRunsBackwards(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	identifier := buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 1)
	for _, status := range []string{"packing", "shipped"} {
		shop.Clock.Advance(-time.Hour) // another process whose clock is behind
		_, err := shop.Fulfilments.SetOrderStatus(t.Context(), &orderv1.SetOrderStatusRequest{OrderIdentifier: identifier, Status: status})
		require.NoError(t, err)
	}
	require.Equal(t, "shipped", shop.Order(t, identifier, 0).GetStatuses()[0].GetIdentifier())
}
