package stripeapi

import (
	"context"
	"fmt"
	"time"

	stripe "github.com/stripe/stripe-go/v76"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

const pathSessions = "/v1/checkout/sessions"

// Attempt is one attempt to open the session of a reference. The same attempt asks Stripe for the same under the same
// idempotency keys, in every process and after every restart.
type Attempt struct {
	Reference string
	Number    int32
	BeganAt   time.Time
}

// The reference is random, so books that start anew on the same Stripe account do not meet old keys and coupons.
func (a Attempt) sessionKey() string { return fmt.Sprintf("session/%s/%d", a.Reference, a.Number) }
func (a Attempt) couponKey() string  { return fmt.Sprintf("coupon/%s/%d", a.Reference, a.Number) }
func (a Attempt) couponID() string   { return fmt.Sprintf("%s-%d", a.Reference, a.Number) }

// Open makes a Checkout session, and before it the coupon of its discount. Calls of the same attempt with the same request
// make one session between them, for as long as Stripe remembers the key (at least 24 h). Outcomes: Refused, KeyReused,
// Busy, Broken, Away.
func (c *Client) Open(ctx context.Context, request *paymentv1.OpenSessionRequest, attempt Attempt) (Opened, error) {
	if request.GetDiscountMinor() > 0 {
		if err := c.haveCoupon(ctx, request, attempt); err != nil {
			return Opened{}, err
		}
	}
	answer, err := ask(ctx, c, "stripe open session", isUnanswered, func(ctx context.Context) (*stripe.CheckoutSession, error) {
		parameters := parametersOf(request, attempt)
		parameters.Context, parameters.IdempotencyKey = ctx, stripe.String(attempt.sessionKey())
		return c.sessions.New(parameters)
	})
	if err != nil {
		return Opened{}, err
	}
	return openedOf(answer), nil
}

// Get reads a session as it is now. Outcomes: Missing, Refused, Broken, Away.
func (c *Client) Get(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	answer, err := ask(ctx, c, "stripe read session", isUnansweredOrBroken, func(ctx context.Context) (*stripe.CheckoutSession, error) {
		return c.sessions.Get(sessionID, &stripe.CheckoutSessionParams{
			Params: stripe.Params{Context: ctx}, Expand: stripe.StringSlice([]string{"total_details.breakdown"}),
		})
	})
	if err != nil {
		return nil, err
	}
	return sessionOf(answer), nil
}

// Expire ends an open session. Outcomes: Refused (it is not open), Missing, Broken, Away.
func (c *Client) Expire(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	answer, err := ask(ctx, c, "stripe expire session", isUnanswered, func(ctx context.Context) (*stripe.CheckoutSession, error) {
		return c.sessions.Expire(sessionID, &stripe.CheckoutSessionExpireParams{Params: stripe.Params{Context: ctx}})
	})
	if err != nil {
		return nil, err
	}
	return sessionOf(answer), nil
}

// OfPayment finds the session that was paid with a payment intent, nil when there is none. Outcomes: Missing, Refused,
// Broken, Away.
func (c *Client) OfPayment(ctx context.Context, paymentIntentID string) (*paymentv1.Session, error) {
	parameters := &stripe.CheckoutSessionListParams{
		ListParams: stripe.ListParams{Limit: stripe.Int64(1)}, PaymentIntent: stripe.String(paymentIntentID),
	}
	answer, err := c.sessionPage(ctx, "stripe find session", parameters)
	if err != nil || len(answer.Data) == 0 {
		return nil, err
	}
	return sessionOf(answer.Data[0]), nil
}

// Payments is a page of the completed sessions of ours that were made in a period, newest first. next names the following
// page and is empty with the last; a page may be empty and not the last. Outcomes: Missing or Refused (there is no session
// after), Broken, Away.
func (c *Client) Payments(ctx context.Context, from, until time.Time, after string) (payments []*paymentv1.Payment, next string, err error) {
	parameters := &stripe.CheckoutSessionListParams{
		ListParams:   pageAfter(after),
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: wholeSeconds(from), LesserThan: wholeSeconds(until)},
		Status:       stripe.String(string(stripe.CheckoutSessionStatusComplete)),
		Expand:       stripe.StringSlice([]string{"data.payment_intent.latest_charge"}),
	}
	answer, err := c.sessionPage(ctx, "stripe list sessions", parameters)
	if err != nil {
		return nil, "", err
	}
	for _, each := range answer.Data {
		if referenceOf(each.ClientReferenceID, each.Metadata) != "" && each.Status == stripe.CheckoutSessionStatusComplete {
			payments = append(payments, paymentOf(each))
		}
	}
	if answer.HasMore && len(answer.Data) > 0 {
		next = answer.Data[len(answer.Data)-1].ID
	}
	return payments, next, nil
}

func (c *Client) sessionPage(ctx context.Context, span string, parameters *stripe.CheckoutSessionListParams) (*stripe.CheckoutSessionList, error) {
	return ask(ctx, c, span, isUnansweredOrBroken, func(ctx context.Context) (*stripe.CheckoutSessionList, error) {
		return listOnce(ctx, c, pathSessions, parameters, &stripe.CheckoutSessionList{})
	})
}

// wholeSeconds: Stripe's moments are whole seconds, so the first one that is not before the moment bounds the same period.
func wholeSeconds(moment time.Time) int64 {
	seconds := moment.Unix()
	if moment.Nanosecond() > 0 {
		seconds++
	}
	return seconds
}
