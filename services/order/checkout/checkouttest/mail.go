package checkouttest

import (
	"context"
	"maps"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
)

// Mail is a mail service in memory. Safe for concurrent use.
type Mail struct {
	// Before is asked first; its error is the answer. Set it before the mail service is used.
	Before func(ctx context.Context) error

	mutex sync.Mutex
	asked int
	sent  map[string]*userv1.SendOrderConfirmationRequest // by order, once each

	notices map[string]*userv1.SendOrderNoticeRequest // by key, once each
}

// SendOrderConfirmation implements userv1.MailServiceClient.
func (m *Mail) SendOrderConfirmation(ctx context.Context, in *userv1.SendOrderConfirmationRequest, _ ...grpc.CallOption) (*userv1.SendOrderConfirmationResponse, error) {
	m.mutex.Lock()
	m.asked++
	m.mutex.Unlock()
	if m.Before != nil {
		if err := m.Before(ctx); err != nil {
			return nil, err
		}
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.sent == nil {
		m.sent = map[string]*userv1.SendOrderConfirmationRequest{}
	}
	if _, found := m.sent[in.GetOrderIdentifier()]; !found {
		m.sent[in.GetOrderIdentifier()] = proto.CloneOf(in)
	}
	if in.GetAccountId() != 0 {
		return &userv1.SendOrderConfirmationResponse{}, nil
	}
	return &userv1.SendOrderConfirmationResponse{ProspectId: 77}, nil
}

// Asked is how often a confirmation was asked for.
func (m *Mail) Asked() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.asked
}

// Sent are the confirmations by order.
func (m *Mail) Sent() map[string]*userv1.SendOrderConfirmationRequest {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return maps.Clone(m.sent)
}

// SendOrderNotice implements userv1.MailServiceClient.
func (m *Mail) SendOrderNotice(ctx context.Context, in *userv1.SendOrderNoticeRequest, _ ...grpc.CallOption) (*userv1.SendOrderNoticeResponse, error) {
	if m.Before != nil {
		if err := m.Before(ctx); err != nil {
			return nil, err
		}
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.notices == nil {
		m.notices = map[string]*userv1.SendOrderNoticeRequest{}
	}
	if _, found := m.notices[in.GetKey()]; !found {
		m.notices[in.GetKey()] = proto.CloneOf(in)
	}
	return &userv1.SendOrderNoticeResponse{}, nil
}

// Notices are the mails about changes, by key.
func (m *Mail) Notices() map[string]*userv1.SendOrderNoticeRequest {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return maps.Clone(m.notices)
}
