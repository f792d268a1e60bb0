package checkouttest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// SessionLifetime is how long the shop lets its sessions be paid.
const SessionLifetime = 31 * time.Minute

// Unavailable is what a payment service that cannot reach Stripe answers.
func Unavailable() *fault.Error { return fault.New(fault.Unavailable, "stripe-unavailable", "") }

// Payment is a payment service in memory with the Stripe behind it, which behaves as payment.proto says. What customers
// and Stripe do is done through its methods; the order service reaches it through a Client. Safe for concurrent use.
type Payment struct {
	now func() time.Time

	mutex       sync.Mutex
	opened      map[string]*paymentv1.OpenSessionRequest // by reference
	byReference map[string]string
	sessions    map[string]*paymentv1.Session
	events      []*unhandled
	money       money
	serial      int
}

type unhandled struct {
	event      *paymentv1.Event
	receivedAt time.Time
}

// NewPayment makes a Stripe that nobody used yet.
func NewPayment(now func() time.Time) *Payment {
	return &Payment{
		now:         now,
		opened:      map[string]*paymentv1.OpenSessionRequest{},
		byReference: map[string]string{},
		sessions:    map[string]*paymentv1.Session{},
	}
}

// Opened is what the session was opened with.
func (p *Payment) Opened(t testing.TB, sessionID string) *paymentv1.OpenSessionRequest {
	t.Helper()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	session, found := p.sessions[sessionID]
	require.True(t, found, "no session %s", sessionID)
	return p.opened[session.GetReference()]
}

// Sessions are all sessions, oldest first.
func (p *Payment) Sessions() []*paymentv1.Session {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var all []*paymentv1.Session
	for _, id := range slices.Sorted(maps.Keys(p.sessions)) {
		all = append(all, proto.CloneOf(p.sessions[id]))
	}
	return all
}

// Payable are the sessions that a customer could pay now.
func (p *Payment) Payable() []*paymentv1.Session {
	return slices.DeleteFunc(p.Sessions(), func(session *paymentv1.Session) bool {
		return session.GetStatus() != paymentv1.SessionStatus_SESSION_STATUS_OPEN
	})
}

// Change edits a session as Stripe alone could.
func (p *Payment) Change(t testing.TB, sessionID string, change func(*paymentv1.Session)) {
	t.Helper()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	session, found := p.sessions[sessionID]
	require.True(t, found, "no session %s", sessionID)
	change(session)
}

// Put makes a session that no OpenSession asked for.
func (p *Payment) Put(session *paymentv1.Session) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.sessions[session.GetSessionId()] = session
}

// Forget makes Stripe not know the session any more.
func (p *Payment) Forget(sessionID string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.sessions, sessionID)
}

// Pay pays a session as a customer does on Stripe's page and tells whether it could still be paid. No event comes of it.
func (p *Payment) Pay(sessionID string, changes ...func(*paymentv1.Session)) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	session, found := p.sessions[sessionID]
	if !found || session.GetStatus() != paymentv1.SessionStatus_SESSION_STATUS_OPEN {
		return false
	}
	session.Status = paymentv1.SessionStatus_SESSION_STATUS_COMPLETE
	session.PaymentStatus = paymentv1.PaymentStatus_PAYMENT_STATUS_PAID
	session.PaymentIntentId = "pi_of_" + sessionID
	if session.GetTotalMinor() == 0 {
		session.PaymentStatus, session.PaymentIntentId = paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED, ""
	}
	if session.GetCustomerEmail() == "" {
		session.CustomerEmail = "buyer@example.com"
	}
	session.CustomerName, session.CustomerPhone = "Bea Buyer", "+13125550100"
	session.BillingAddress = &paymentv1.Address{
		Name: "Bea Buyer", Line1: "1 Main St", City: "Chicago", State: "IL", PostalCode: "60601", Country: "US",
	}
	session.ShippingAddress = &paymentv1.Address{
		Name: "Sam Ship", Line1: "2 Dock Rd", Line2: "Unit 7", City: "Chicago", State: "IL", PostalCode: "60602", Country: "US",
	}
	for _, change := range changes {
		change(session)
	}
	session.TotalMinor = session.GetSubtotalMinor() - session.GetDiscountMinor() + session.GetTaxMinor() + session.GetShippingMinor()
	return true
}

// Discount is a promotion code entered on Stripe's page; one that takes everything leaves nothing to pay.
func Discount(minor int64) func(*paymentv1.Session) {
	return func(session *paymentv1.Session) {
		session.DiscountMinor = minor
		session.Discounts = []*paymentv1.SessionDiscount{{CouponId: "promo", Name: "PROMOTION", AmountMinor: minor}}
		if minor == session.GetSubtotalMinor() {
			session.PaymentStatus, session.PaymentIntentId = paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED, ""
		}
	}
}

// Tax is what Stripe adds.
func Tax(minor int64) func(*paymentv1.Session) {
	return func(session *paymentv1.Session) { session.TaxMinor = minor }
}

// Later is a slow method of payment: the session is complete, the money is not there.
func Later(session *paymentv1.Session) {
	session.PaymentStatus = paymentv1.PaymentStatus_PAYMENT_STATUS_UNPAID
}

// Arrived is the money of a slow method of payment.
func Arrived(session *paymentv1.Session) {
	session.PaymentStatus = paymentv1.PaymentStatus_PAYMENT_STATUS_PAID
}

// Reopen makes an ended session payable again, which Stripe never does; a payment that was on its way looks like it.
func (p *Payment) Reopen(t testing.TB, sessionID string) {
	t.Helper()
	p.Change(t, sessionID, func(session *paymentv1.Session) { session.Status = paymentv1.SessionStatus_SESSION_STATUS_OPEN })
}

// Expire lets a session's time run out.
func (p *Payment) Expire(t testing.TB, sessionID string) {
	t.Helper()
	p.Change(t, sessionID, func(session *paymentv1.Session) { session.Status = paymentv1.SessionStatus_SESSION_STATUS_EXPIRED })
}

// Event puts an event about a session into the inbox and answers its id.
func (p *Payment) Event(kind, sessionID string) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.serial++
	event := &paymentv1.Event{EventId: fmt.Sprintf("evt_%06d", p.serial), Type: kind, SessionId: sessionID, ConcernsCheckout: true}
	p.events = append(p.events, &unhandled{event: event, receivedAt: p.now()})
	return event.GetEventId()
}

// Unhandled counts the events that are not marked as handled.
func (p *Payment) Unhandled() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	count := 0
	for _, entry := range p.events {
		if !entry.event.GetHandled() {
			count++
		}
	}
	return count
}

func (p *Payment) openSession(request *paymentv1.OpenSessionRequest) (*paymentv1.OpenSessionResponse, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if earlier, found := p.opened[request.GetReference()]; found {
		if !proto.Equal(earlier, request) {
			return nil, fault.New(fault.Conflict, "reference-reused", "")
		}
		return p.answer(p.byReference[request.GetReference()]), nil
	}
	sum := int64(0)
	for _, line := range request.GetLines() {
		sum += line.GetUnitAmountMinor() * int64(line.GetQuantity())
	}
	total := sum - request.GetDiscountMinor()
	if total != request.GetExpectedTotalMinor() || total > 0 && total < 50 || total < 0 { // Stripe's least charge
		return nil, fault.New(fault.Invalid, "stripe-refused", "")
	}
	p.serial++
	session := &paymentv1.Session{
		SessionId:     fmt.Sprintf("cs_test_%06d", p.serial),
		Reference:     request.GetReference(),
		Status:        paymentv1.SessionStatus_SESSION_STATUS_OPEN,
		PaymentStatus: paymentv1.PaymentStatus_PAYMENT_STATUS_UNPAID,
		Currency:      request.GetCurrency(),
		SubtotalMinor: sum,
		DiscountMinor: request.GetDiscountMinor(),
		TotalMinor:    total,
		CustomerEmail: request.GetCustomerEmail(),
		ExpiresAt:     timestamppb.New(p.now().Add(time.Duration(request.GetLifetimeSeconds()) * time.Second)),
		CreatedAt:     timestamppb.New(p.now()),
	}
	if request.GetDiscountMinor() > 0 {
		session.Discounts = []*paymentv1.SessionDiscount{{
			CouponId: request.GetReference(), Name: request.GetDiscountName(), AmountMinor: request.GetDiscountMinor(),
		}}
	}
	p.opened[request.GetReference()] = proto.CloneOf(request)
	p.byReference[request.GetReference()] = session.GetSessionId()
	p.sessions[session.GetSessionId()] = session
	return p.answer(session.GetSessionId()), nil
}

func (p *Payment) answer(sessionID string) *paymentv1.OpenSessionResponse {
	return &paymentv1.OpenSessionResponse{
		SessionId: sessionID, Url: "https://stripe.test/pay/" + sessionID, ExpiresAt: p.sessions[sessionID].GetExpiresAt(),
	}
}

func (p *Payment) session(sessionID string, expire bool) (*paymentv1.Session, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	session, found := p.sessions[sessionID]
	if !found {
		return nil, fault.New(fault.NotFound, "session-not-found", "")
	}
	if expire && session.GetStatus() == paymentv1.SessionStatus_SESSION_STATUS_OPEN {
		session.Status = paymentv1.SessionStatus_SESSION_STATUS_EXPIRED
	}
	return proto.CloneOf(session), nil
}

func (p *Payment) unhandledBefore(before time.Time, limit int) []*paymentv1.Event {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var events []*paymentv1.Event
	for _, entry := range p.events {
		if !entry.event.GetHandled() && entry.receivedAt.Before(before) && len(events) < limit {
			events = append(events, proto.CloneOf(entry.event))
		}
	}
	return events
}

func (p *Payment) markHandled(eventID string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, entry := range p.events {
		if entry.event.GetEventId() == eventID {
			entry.event.Handled = true
		}
	}
}

// Client is how one process of the order service reaches the payment service. Before and After are asked around every
// call: an error from Before means that the call never arrived, one from After that its answer was lost. Set them before
// the client is used.
type Client struct {
	Payment       *Payment
	Before, After func(ctx context.Context, method string) error
	// BeforeSession is asked as Before is, by the calls about a session that exists, with its id.
	BeforeSession func(method, sessionID string) error

	mutex sync.Mutex
	calls map[string]int
}

// Calls counts the calls of a method that arrived.
func (c *Client) Calls(method string) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.calls[method]
}

func (c *Client) around(ctx context.Context, method string, call func() error) error {
	if c.Before != nil {
		if err := c.Before(ctx, method); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Unavailable, "stripe-unavailable", "").Because(err)
	}
	c.mutex.Lock()
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[method]++
	c.mutex.Unlock()
	if err := call(); err != nil {
		return err
	}
	if c.After != nil {
		return c.After(ctx, method)
	}
	return nil
}

func (c *Client) aroundSession(ctx context.Context, method, sessionID string, call func() error) error {
	if c.BeforeSession != nil {
		if err := c.BeforeSession(method, sessionID); err != nil {
			return err
		}
	}
	return c.around(ctx, method, call)
}

// OpenSession implements paymentv1.PaymentServiceClient.
func (c *Client) OpenSession(ctx context.Context, in *paymentv1.OpenSessionRequest, _ ...grpc.CallOption) (out *paymentv1.OpenSessionResponse, err error) {
	err = c.around(ctx, "OpenSession", func() (err error) {
		out, err = c.Payment.openSession(in)
		return err
	})
	return out, err
}

// GetSession implements paymentv1.PaymentServiceClient.
func (c *Client) GetSession(ctx context.Context, in *paymentv1.GetSessionRequest, _ ...grpc.CallOption) (*paymentv1.GetSessionResponse, error) {
	out := &paymentv1.GetSessionResponse{}
	err := c.aroundSession(ctx, "GetSession", in.GetSessionId(), func() (err error) {
		out.Session, err = c.Payment.session(in.GetSessionId(), false)
		return err
	})
	return out, err
}

// ExpireSession implements paymentv1.PaymentServiceClient.
func (c *Client) ExpireSession(ctx context.Context, in *paymentv1.ExpireSessionRequest, _ ...grpc.CallOption) (*paymentv1.ExpireSessionResponse, error) {
	out := &paymentv1.ExpireSessionResponse{}
	err := c.aroundSession(ctx, "ExpireSession", in.GetSessionId(), func() (err error) {
		out.Session, err = c.Payment.session(in.GetSessionId(), true)
		return err
	})
	return out, err
}

// ListUnhandledEvents implements paymentv1.PaymentServiceClient.
func (c *Client) ListUnhandledEvents(ctx context.Context, in *paymentv1.ListUnhandledEventsRequest, _ ...grpc.CallOption) (*paymentv1.ListUnhandledEventsResponse, error) {
	out := &paymentv1.ListUnhandledEventsResponse{}
	err := c.around(ctx, "ListUnhandledEvents", func() error {
		out.Events = c.Payment.unhandledBefore(in.GetReceivedBefore().AsTime(), int(in.GetLimit()))
		return nil
	})
	return out, err
}

// MarkEventHandled implements paymentv1.PaymentServiceClient.
func (c *Client) MarkEventHandled(ctx context.Context, in *paymentv1.MarkEventHandledRequest, _ ...grpc.CallOption) (*paymentv1.MarkEventHandledResponse, error) {
	err := c.around(ctx, "MarkEventHandled", func() error {
		c.Payment.markHandled(in.GetEventId())
		return nil
	})
	return &paymentv1.MarkEventHandledResponse{}, err
}

// ReceiveWebhook is not for the order service to call.
func (c *Client) ReceiveWebhook(context.Context, *paymentv1.ReceiveWebhookRequest, ...grpc.CallOption) (*paymentv1.ReceiveWebhookResponse, error) {
	return nil, fault.New(fault.Internal, "internal", "the order service must not receive webhooks")
}
