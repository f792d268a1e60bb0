package stripesandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// States of a delivery.
const (
	deliveryHeld    = "held"
	deliveryPending = "pending"
	deliveryDone    = "delivered"
	deliveryFailed  = "failed"
	deliveryDropped = "dropped"
)

// senders is how many webhooks may be under way at once; Stripe too sends side by side.
const senders = 8

// attemptsKept bounds what is remembered of a delivery.
const attemptsKept = 20

// delivery is one way of an event to the endpoint, with its retries.
type delivery struct {
	State    string
	Due      time.Time
	Behind   string // id of the event that must have been tried before
	Tries    int
	Attempts []attempt
}

// attempt is one POST to the endpoint.
type attempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // 0: no answer
	Error  string    `json:"error,omitempty"`
}

// outgoing names one delivery that is due, and what is sent.
type outgoing struct {
	event event
	place int
}

func (o outgoing) key() string { return o.event.ID + "#" + strconv.Itoa(o.place) }

func (o outgoing) isSame(other outgoing) bool {
	return o.event.ID == other.event.ID && o.place == other.place
}

// Run lets time pass in the sandbox (expiry, late payments) and delivers webhooks until ctx is done. It returns nil then;
// an error means that the state cannot be kept any more. An attempt that ctx interrupts is made again after a restart.
func (s *Sandbox) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	underWay := map[string]struct{}{}
	finished := make(chan string, senders)
	for {
		due, wait, err := s.due(underWay)
		if err != nil {
			return fmt.Errorf("stripe sandbox: %w", err)
		}
		for _, next := range due {
			underWay[next.key()] = struct{}{}
			running.Go(func() {
				s.deliver(ctx, next)
				finished <- next.key() // has room for every sender
			})
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case key := <-finished:
			delete(underWay, key)
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// due brings the sandbox up to date and returns what is to be sent now and how long to wait for the next look. The wait is
// short while anything is going on, so that a clock that jumps (tests) is noticed too.
func (s *Sandbox) due(underWay map[string]struct{}) ([]outgoing, time.Duration, error) {
	var ready []outgoing
	wait := time.Second
	err := s.state.journal.Update(func() error {
		now := s.now()
		s.advance(now)
		s.releaseHeld(now)
		wait = min(wait, s.state.index.earliest.Sub(now))
		if len(underWay) >= senders {
			return nil // looked at again when one has finished
		}
		next := s.state.index.visitDue(now, func(id string) bool {
			ready = s.collectDue(id, now, underWay, ready)
			return len(underWay)+len(ready) < senders
		})
		if len(s.state.index.undelivered) > 0 {
			wait = min(wait, 100*time.Millisecond, next.Sub(now))
		}
		return nil
	})
	return ready, max(wait, time.Millisecond), err
}

func (s *Sandbox) collectDue(id string, now time.Time, underWay map[string]struct{}, ready []outgoing) []outgoing {
	stored, known := s.state.events.Get(id)
	if !known { // fell out by the bound of the table
		s.state.index.dropEvent(id)
		return ready
	}
	for place, candidate := range stored.Deliveries {
		next := outgoing{event: stored, place: place}
		_, busy := underWay[next.key()]
		if candidate.State != deliveryPending || candidate.Due.After(now) || busy || !s.wasTried(candidate.Behind) {
			continue
		}
		if len(underWay)+len(ready) < senders && !slices.ContainsFunc(ready, next.isSame) {
			ready = append(ready, next)
		}
	}
	return ready
}

// wasTried tells whether an event has been sent at least once, or cannot be waited for.
func (s *Sandbox) wasTried(id string) bool {
	if id == "" {
		return true
	}
	before, known := s.state.events.Get(id)
	return !known || !before.hasDeliveriesToMake() ||
		slices.ContainsFunc(before.Deliveries, func(d delivery) bool { return d.Tries > 0 })
}

func (s *Sandbox) deliver(ctx context.Context, next outgoing) {
	status, err := s.send(ctx, next.event)
	if ctx.Err() != nil && err != nil {
		return // interrupted, not refused
	}
	made := attempt{At: s.now(), Status: status}
	if err != nil {
		made.Error = err.Error()
	}
	err = s.state.journal.Update(func() error {
		s.recordAttempt(next, made)
		return nil
	})
	if err != nil {
		s.options.Logger.Error("stripe sandbox cannot keep a delivery", "event", next.event.ID, "error", err)
	}
	if made.Status < 200 || made.Status > 299 {
		s.options.Logger.Warn("webhook not accepted", "event", next.event.ID, "type", next.event.Type, "status", made.Status, "error", made.Error)
	}
}

func (s *Sandbox) recordAttempt(next outgoing, made attempt) {
	stored, known := s.state.events.Get(next.event.ID)
	if !known {
		return
	}
	stored.Deliveries = slices.Clone(stored.Deliveries)
	tried := &stored.Deliveries[next.place]
	tried.Tries++
	tried.Attempts = append(slices.Clone(tried.Attempts), made)
	if len(tried.Attempts) > attemptsKept {
		tried.Attempts = tried.Attempts[len(tried.Attempts)-attemptsKept:]
	}
	switch {
	case made.Status >= 200 && made.Status <= 299:
		tried.State = deliveryDone
	case tried.Tries > len(s.options.Retry):
		tried.State = deliveryFailed
	default:
		tried.Due = made.At.Add(s.options.Retry[tried.Tries-1])
	}
	s.state.putEvent(stored)
}

// send posts the event once and returns the status of the answer. X-Forwarded-Proto stands in for the load balancer in
// front of the shop, which redirects plain http (design section 6, HTTPS_REDIRECT).
func (s *Sandbox) send(ctx context.Context, sent event) (int, error) {
	payload, err := json.MarshalIndent(sent.render(sent.APIVersion), "", "  ")
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.options.WebhookURL, bytes.NewReader(payload))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "stripesandbox/1.0")
	request.Header.Set("X-Forwarded-Proto", "https")
	request.Header.Set("Stripe-Signature", sign(payload, s.options.WebhookSecret, s.now()))
	response, err := s.options.HTTPClient.Do(request)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, response.Body.Close()
}

// sign makes the Stripe-Signature header: HMAC-SHA256 over "<t>.<body>" (payment.md section 6).
func sign(payload []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.", at.Unix())
	_, _ = mac.Write(payload)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// refuseRedirects makes a redirect an answer like any other: not accepted.
func refuseRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// errNothingToDo is returned by switches that found nothing to change.
var errNothingToDo = errors.New("nothing to do")

// resend gives an event a further delivery, at once and whatever the mode is.
func (s *Sandbox) resend(id string) error {
	err := s.state.journal.Update(func() error {
		stored, known := s.state.events.Get(id)
		if !known || s.options.WebhookURL == "" {
			return errNothingToDo
		}
		stored.Deliveries = append(slices.Clone(stored.Deliveries), delivery{State: deliveryPending, Due: s.now()})
		if len(stored.Deliveries) > 2*attemptsKept {
			return errNothingToDo
		}
		s.state.putEvent(stored)
		return nil
	})
	s.nudge()
	return err
}
