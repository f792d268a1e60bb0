package order

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/fulfilment"
	"github.com/bartgottschalk/startupwebapp/services/order/idempotency"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/order/refund"
	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// rooms are all of them, ready to be asked: by calls in the service, by operators in a task.
type rooms struct {
	goods       *catalogue.Catalogue
	carts       *cart.Carts
	purchases   *purchase.Purchases
	refunds     *refund.Refunds
	exceptions  *exception.Exceptions
	checkouts   *checkout.Checkouts
	fulfilments *fulfilment.Fulfilments
	keys        *idempotency.Keys
	reconciler  *books.Reconciler
	queue       *jobs.Jobs
}

// assemble makes the rooms. Jobs that work names are done while rooms.queue runs; without workers they are only queued.
func assemble(ctx context.Context, cfg Config, tel telemetry.Telemetry, db *postgres.Database, payment paymentv1.PaymentServiceClient, work jobs.Config) (rooms, error) {
	var r rooms
	var err error
	if r.goods, err = catalogue.Open(ctx, db, tel, utcNow); err != nil {
		return rooms{}, fmt.Errorf("open catalogue: %w", err)
	}
	if r.queue, err = jobs.New(db, migrations.Schema, tel, work); err != nil {
		return rooms{}, fmt.Errorf("set up jobs: %w", err)
	}
	r.carts = cart.New(db, r.goods, utcNow)
	r.purchases = purchase.New(db, r.queue, utcNow)
	r.refunds = refund.New(refund.Dependencies{
		Database: db, Payment: payment, Purchases: r.purchases, Telemetry: tel, Now: utcNow, SweepInterval: cfg.SweepInterval,
	})
	r.exceptions = exception.New(db, r.refunds, tel, utcNow)
	r.checkouts = checkout.New(checkout.Config{SiteOrigin: string(cfg.SiteOrigin), SweepInterval: cfg.SweepInterval}, checkout.Dependencies{
		Database: db, Catalogue: r.goods, Carts: r.carts, Purchases: r.purchases, Payment: payment,
		Exceptions: r.exceptions, Aftermath: r.refunds, Telemetry: tel, Now: utcNow,
	})
	r.fulfilments = fulfilment.New(fulfilment.Dependencies{Database: db, Purchases: r.purchases, Refunds: r.refunds, Telemetry: tel, Now: utcNow})
	r.keys = idempotency.New(db, utcNow)
	r.reconciler = books.NewReconciler(books.Dependencies{
		Database: db, Payments: payment, Completer: r.checkouts, Learner: r.refunds, Exceptions: r.exceptions, Telemetry: tel, Now: utcNow,
	})
	return r, nil
}

func (r rooms) register(server *rpc.Server) {
	orderv1.RegisterCatalogueServiceServer(server, r.goods)
	orderv1.RegisterCartServiceServer(server, r.carts)
	orderv1.RegisterCheckoutServiceServer(server, r.checkouts)
	orderv1.RegisterOrderServiceServer(server, r.purchases)
	orderv1.RegisterRefundServiceServer(server, r.refunds)
	orderv1.RegisterExceptionServiceServer(server, r.exceptions)
	orderv1.RegisterFulfilmentServiceServer(server, r.fulfilments)
	orderv1.RegisterIdempotencyServiceServer(server, r.keys)
}

// employ adds the workers of the rooms' jobs.
func (r rooms) employ(workers *river.Workers, cfg Config, tel telemetry.Telemetry, db *postgres.Database, mail userv1.MailServiceClient) {
	purchase.AddConfirmer(workers, db, r.goods, mail, utcNow)
	purchase.AddNotifier(workers, db, mail, utcNow)
	river.AddWorker(workers, books.NewWorker(r.reconciler))
	river.AddWorker(workers, cart.NewExpireWorker(cart.NewExpiry(db, cfg.cartPolicy(), tel, utcNow)))
	river.AddWorker(workers, idempotency.NewPurgeWorker(r.keys))
}

// chores are queued every hour, and at once, by the process that leads; each job says itself how often it is done.
func chores() []*river.PeriodicJob {
	hourly := func(args river.JobArgs) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(time.Hour),
			func() (river.JobArgs, *river.InsertOpts) { return args, nil }, &river.PeriodicJobOpts{RunOnStart: true})
	}
	return []*river.PeriodicJob{hourly(books.ReconcileArgs{}), hourly(cart.ExpireArgs{}), hourly(idempotency.PurgeArgs{})}
}
