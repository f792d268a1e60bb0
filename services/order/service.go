// Package order is what the shop sells and how: the catalogue, carts, checkouts and orders. This file runs them,
// rooms.go wires them; the rules live in the rooms.
package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"google.golang.org/grpc"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Service is the running order service. Call Run exactly once: it releases what New took.
type Service struct {
	db     *postgres.Database
	peers  []*grpc.ClientConn
	server *rpc.Server
	parts  []func(context.Context) error // what runs beside each other until the service ends
}

// New connects, reads the catalogue and listens; calls are answered once Run is called. It fails on a schema older than
// this program. Payment and user need not be there yet.
func New(ctx context.Context, cfg Config, tel telemetry.Telemetry) (*Service, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	service := &Service{db: db}
	if err := service.wire(ctx, cfg, tel); err != nil {
		service.release()
		return nil, err
	}
	return service, nil
}

func (s *Service) wire(ctx context.Context, cfg Config, tel telemetry.Telemetry) error {
	if err := migration.Check(ctx, s.db, migrations.Set()); err != nil {
		return fmt.Errorf("check schema: %w", err)
	}
	payment, mail, err := s.connect(cfg, tel)
	if err != nil {
		return err
	}
	workers := river.NewWorkers() // filled until Run starts to work
	all, err := assemble(ctx, cfg, tel, s.db, payment, jobs.Config{Workers: workers, Periodic: chores(), OnDiscarded: purchase.MailGivenUp(tel)})
	if err != nil {
		return err
	}
	if s.server, err = rpc.NewServer(cfg.ServerConfig, tel, s.db.Ping); err != nil { //nolint:contextcheck // asked long after ctx is done
		return fmt.Errorf("listen: %w", err)
	}
	all.register(s.server)
	all.employ(workers, cfg, tel, s.db, mail)
	s.parts = []func(context.Context) error{s.server.Serve, all.goods.Run, all.queue.Run, all.checkouts.Run, all.refunds.Run}
	return nil
}

// connect makes clients of the only two services that this one may call (design section 1).
func (s *Service) connect(cfg Config, tel telemetry.Telemetry) (paymentv1.PaymentServiceClient, userv1.MailServiceClient, error) {
	payment, err := rpc.Dial(cfg.PaymentAddr, cfg.Secrets, tel, paymentv1.File_payment_v1_payment_proto.Services().ByName("PaymentService"))
	if err != nil {
		return nil, nil, fmt.Errorf("PAYMENT_ADDR: %w", err)
	}
	s.peers = append(s.peers, payment)
	user, err := rpc.Dial(cfg.UserAddr, cfg.Secrets, tel, userv1.File_user_v1_mail_proto.Services().ByName("MailService"))
	if err != nil {
		return nil, nil, fmt.Errorf("USER_ADDR: %w", err)
	}
	s.peers = append(s.peers, user)
	return paymentv1.NewPaymentServiceClient(payment), userv1.NewMailServiceClient(user), nil
}

// Addr is where the service listens, host:port.
func (s *Service) Addr() string { return s.server.Addr() }

// Run answers until DRAIN_DELAY after ctx is done, or until a part of the service fails, lets every part finish what is under
// way, and releases everything.
func (s *Service) Run(ctx context.Context) error {
	defer s.release()
	ctx, stop := s.server.Linger(ctx)
	defer stop()
	ended := make(chan error, len(s.parts))
	for _, part := range s.parts {
		go func() {
			defer stop() // one part is of no use without the others
			ended <- part(ctx)
		}()
	}
	var failures error
	for range s.parts {
		failures = errors.Join(failures, <-ended)
	}
	return failures
}

// hangUp ends the connections to other services.
func (s *Service) hangUp() {
	for _, peer := range s.peers {
		_ = peer.Close() // nothing is under way any more
	}
}

func (s *Service) release() {
	s.hangUp()
	if s.server != nil {
		s.server.Close()
	}
	s.db.Close()
}

func utcNow() time.Time { return time.Now().UTC() }
