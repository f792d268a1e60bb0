package chaos

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// changeMoney lets taxes come and go, and refunds fail or take their time.
func (s *Shop) changeMoney(ctx context.Context, random *rand.Rand, happened *record) error {
	for pause(ctx, random, time.Second, 3*time.Second) {
		path, form := "/sandbox/tax", url.Values{"percent": {pick(random, []string{"8.25", "0"})}}
		what := "tax of " + form.Get("percent") + " %"
		if random.IntN(2) == 0 {
			path, form = "/sandbox/refunds", url.Values{"mode": {pick(random, []string{"normal", "normal", "pending", "fail"})}}
			what = "refunds " + form.Get("mode")
		}
		if err := s.switchTo(ctx, http.MethodPost, path, form); err != nil {
			return ignoreEnd(ctx, err)
		}
		happened.did(what)
	}
	return nil
}

// calmMoney lets refunds go through again, settles those under way, and ends disputes.
func (s *Shop) calmMoney(ctx context.Context, random *rand.Rand) error {
	if err := s.switchTo(ctx, http.MethodPost, "/sandbox/refunds", url.Values{"mode": {"normal"}}); err != nil {
		return err
	}
	if err := s.switchTo(ctx, http.MethodPost, "/sandbox/tax", url.Values{"percent": {"0"}}); err != nil {
		return err
	}
	refunds, err := s.refunds(ctx)
	if err != nil {
		return err
	}
	for _, refund := range refunds {
		if refund.Text("status") != "pending" {
			continue
		}
		outcome := url.Values{"outcome": {pick(random, []string{"succeeded", "succeeded", "failed"})}}
		if err := s.switchTo(ctx, http.MethodPost, "/sandbox/refunds/"+refund.Text("id")+"/settle", outcome); err != nil {
			return err
		}
	}
	disputes, err := list(ctx, s.stack.SandboxURL()+"/sandbox/disputes")
	if err != nil {
		return err
	}
	for _, dispute := range disputes {
		if dispute.Text("status") != "needs_response" {
			continue
		}
		outcome := url.Values{"status": {pick(random, []string{"won", "lost"})}}
		if err := s.switchTo(ctx, http.MethodPost, "/sandbox/disputes/"+dispute.Text("id")+"/close", outcome); err != nil {
			return err
		}
	}
	return nil
}

// readFailures notes the payments of which a refund failed at Stripe.
func (s *Shop) readFailures(ctx context.Context, found *books) error {
	refunds, err := s.refunds(ctx)
	for _, refund := range refunds {
		if refund.Text("status") == "failed" {
			found.failed[refund.Text("payment_intent")] = true
		}
	}
	return err
}
