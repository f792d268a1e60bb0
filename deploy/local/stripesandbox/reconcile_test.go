package stripesandbox_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
)

func TestTheBooksOfAPeriodCanBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.newSession()
	w.pay(before.ID, goodCard)
	w.clock.forward(time.Hour)
	from := time.Now().Add(59 * time.Minute).Unix()
	w.newCoupon("five")
	discounted, open, refunded := w.newSession(withCoupon("five")), w.newSession(), w.newSession()
	w.pay(discounted.ID, goodCard)
	w.pay(refunded.ID, goodCard)
	intent := w.session(refunded.ID).PaymentIntent.ID
	_, err := w.refund(intent, 155)
	require.NoError(t, err)
	w.control(http.StatusOK, "/sandbox/charges/"+intent+"/dispute")

	params := &stripe.CheckoutSessionListParams{Status: stripe.String("complete")}
	params.Filters.AddFilter("created", "gte", strconv.FormatInt(from, 10))
	params.Limit = stripe.Int64(1)
	params.AddExpand("data.payment_intent.latest_charge")
	params.AddExpand("data.total_details.breakdown")
	var found []*stripe.CheckoutSession
	list := w.stripe.CheckoutSessions.List(params)
	for list.Next() {
		found = append(found, list.CheckoutSession())
	}
	require.NoError(t, list.Err())
	require.Len(t, found, 2, "neither the one before nor "+open.ID)
	require.Equal(t, refunded.ID, found[0].ID)
	require.EqualValues(t, 155, found[0].PaymentIntent.LatestCharge.AmountRefunded)
	require.True(t, found[0].PaymentIntent.LatestCharge.Disputed)
	require.Equal(t, discounted.ID, found[1].ID)
	require.Equal(t, "five", found[1].TotalDetails.Breakdown.Discounts[0].Discount.Coupon.ID)
	require.False(t, found[1].PaymentIntent.LatestCharge.Disputed)
}

func TestEventsAreListedByTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mode("drop")
	_, intent := w.paidSession()
	_, err := w.refund(intent, 0)
	require.NoError(t, err)
	params := &stripe.EventListParams{
		DeliverySuccess: stripe.Bool(false), Types: stripe.StringSlice([]string{"charge.refunded", "checkout.session.completed"}),
	}
	var types []string
	for events := w.stripe.Events.List(params); events.Next(); {
		types = append(types, string(events.Event().Type))
	}
	require.Equal(t, []string{"charge.refunded", "checkout.session.completed"}, types)
	for _, bad := range []string{"type=a&types[]=b", strings.Repeat("types[]=a&", 21), "delivery_success=no"} {
		require.Equal(t, http.StatusBadRequest, w.send(http.MethodGet, "/v1/events?"+bad, "", bearer()).status, bad)
	}
}

func TestASessionLivesAtLeastHalfAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lasting := func(life time.Duration) func(*stripe.CheckoutSessionParams) {
		return func(params *stripe.CheckoutSessionParams) {
			params.ExpiresAt = stripe.Int64(time.Now().Add(life).Unix())
		}
	}
	require.Equal(t, "expires_at", w.refuses(lasting(30*time.Minute-2*time.Second)).Param)
	require.Equal(t, "expires_at", w.refuses(lasting(24*time.Hour+2*time.Minute)).Param)
	w.newSession(lasting(24 * time.Hour))
	made := w.newSession(lasting(31 * time.Minute))
	w.clock.forward(31 * time.Minute)
	require.Equal(t, http.StatusGone, w.pay(made.ID, goodCard).status)
	w.awaitTypes("checkout.session.expired")
}

func TestOnlySoManySessionsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(options *stripesandbox.Options) { options.Keep = 3 })
	_, oldest := w.paidSession()
	for range 3 {
		w.newSession()
	}
	require.Equal(t, 3, w.sessionCount())
	_, err := w.stripe.PaymentIntents.Get(oldest, nil)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)
	w.control(http.StatusNotFound, "/sandbox/charges/"+oldest+"/refund")
	w.clock.forward(25 * time.Hour)
	w.awaitTypes("checkout.session.completed", "checkout.session.expired", "checkout.session.expired", "checkout.session.expired")
}
