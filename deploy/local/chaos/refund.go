package chaos

import (
	"context"
	"fmt"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// resolveAll closes all open exceptions with what they propose, as an operator would.
func (s *Shop) resolveAll(ctx context.Context, found *books) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	listed, err := s.office.exceptions.ListExceptions(ctx, &orderv1.ListExceptionsRequest{})
	if err != nil {
		return fmt.Errorf("list exceptions: %w", err)
	}
	for _, open := range listed.GetExceptions() {
		_, err := s.office.exceptions.ResolveException(ctx, &orderv1.ResolveExceptionRequest{
			ExceptionId: open.GetExceptionId(), By: "chaos", Note: "out of stock", Refund: open.GetProposedRefundMinor() > 0,
		})
		if err != nil {
			found.complain("exception %d (%s) cannot be resolved: %s", open.GetExceptionId(), open.GetReason(), fault.ReasonOf(err))
		}
	}
	if len(listed.GetExceptions()) == mostListed {
		return s.resolveAll(ctx, found)
	}
	return nil
}

// mostListed is how many exceptions one answer holds (proto order.v1.ExceptionService).
const mostListed = 500

// given is what the shop says went back of a payment.
type given struct {
	Intent string
	Minor  int64
}

// compareRefunds holds what went back by the shop's books against the sandbox's, payment by payment, and no payment's refunds may be
// more than it was.
func (s *Shop) compareRefunds(ctx context.Context, found *books) (count int, err error) {
	ours, err := query[given](ctx, s, "SELECT payment_intent, sum(amount_minor)::bigint FROM orders.refund WHERE state = 'succeeded' GROUP BY 1")
	if err != nil {
		return 0, err
	}
	listed, err := s.refunds(ctx)
	if err != nil {
		return 0, err
	}
	theirs, charged := map[string]int64{}, map[string]int64{}
	for _, one := range listed {
		if one.Text("status") == "succeeded" {
			theirs[one.Text("payment_intent")] += minor(one, "amount")
			count++
		}
	}
	for _, taken := range found.charges {
		charged[taken.intent] = taken.amount
	}
	for _, back := range ours {
		if theirs[back.Intent] != back.Minor {
			found.complain("of %s, %d went back by the shop's books and %d by Stripe's", back.Intent, back.Minor, theirs[back.Intent])
		}
		if back.Minor > charged[back.Intent] {
			found.complain("of %s, %d went back of %d", back.Intent, back.Minor, charged[back.Intent])
		}
		delete(theirs, back.Intent)
	}
	for intent, minor := range theirs {
		found.complain("of %s, %d went back that the shop does not know of", intent, minor)
	}
	return count, nil
}

// refunds are those of the sandbox.
func (s *Shop) refunds(ctx context.Context) ([]shopper.Object, error) {
	told, err := read[struct{ Refunds []shopper.Object }](ctx, s.stack.SandboxURL()+"/sandbox/refunds")
	return told.Refunds, err
}
