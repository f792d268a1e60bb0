package order

import (
	"context"
	"fmt"
	"os"

	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	"github.com/bartgottschalk/startupwebapp/services/order/discount"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/order/privacy"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// exportAccount is the subcommand that prints what is kept of an account (package privacy).
func exportAccount(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error { return privacy.ExportTask(ctx, db, args, os.Stdout) })
}

// anonymiseAccount is the subcommand that takes the person out of an account's orders (package privacy).
func anonymiseAccount(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		return privacy.AnonymiseTask(ctx, db, utcNow(), args, os.Stdout)
	})
}

// loadDemoDiscountCodes is the subcommand that the replay of the old shop's recordings needs (package demo).
func loadDemoDiscountCodes(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		return demo.Counter{DB: db, Logger: tel.Logger, Now: utcNow}.LoadDiscountCodes(ctx, args)
	})
}

// createDiscountCode, endDiscountCode and listDiscountCodes are subcommands for operators (package discount).
func createDiscountCode(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error { return codeCounter(db, tel).Create(ctx, args) })
}

func endDiscountCode(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error { return codeCounter(db, tel).End(ctx, args) })
}

func listDiscountCodes(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error { return codeCounter(db, tel).List(ctx, args) })
}

func codeCounter(db *postgres.Database, tel telemetry.Telemetry) discount.Counter {
	return discount.Counter{DB: db, Logger: tel.Logger, Now: utcNow}
}

// catalogueTask is one of the subcommands with which operators change what is for sale (package catalogue).
func catalogueTask(help string, run func(catalogue.Counter, context.Context, []string) error) process.Task[Config] {
	return process.Task[Config]{Help: help, Explains: true, Run: func(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
		return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
			return run(catalogue.Counter{DB: db, Logger: tel.Logger, Now: utcNow}, ctx, args)
		})
	}}
}

// stockTask is one of the subcommands about the counts (package stock).
func stockTask(help string, run func(stock.Counter, context.Context, []string) error) process.Task[Config] {
	return process.Task[Config]{Help: help, Explains: true, Run: func(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
		return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
			return run(stock.Counter{DB: db, Logger: tel.Logger, Now: utcNow}, ctx, args)
		})
	}}
}

// orderMailTask is one of the subcommands about mails that never reached the user service (package purchase). The running service
// does the jobs that they queue.
func orderMailTask(help string, run func(purchase.Counter, context.Context, []string) error) process.Task[Config] {
	return process.Task[Config]{Help: help, Explains: true, Run: func(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
		return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
			queue, err := jobs.New(db, migrations.Schema, tel, jobs.Config{})
			if err != nil {
				return fmt.Errorf("set up jobs: %w", err)
			}
			return run(purchase.Counter{DB: db, Queue: queue, Logger: tel.Logger, Now: utcNow}, ctx, args)
		})
	}}
}

// listActions is the subcommand operator-actions (package operation).
func listActions(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error { return operation.List(ctx, db, args, utcNow()) })
}

// audit is the subcommand that checks the books (package books, Audit); a wrong book is exit status 1.
func audit(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		return books.AuditTask(ctx, db, utcNow(), args, os.Stdout)
	})
}

// reconcile is the subcommand that compares the books with Stripe's (package books); exit status 1 when there is something to resolve.
func reconcile(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withRooms(ctx, cfg, tel, func(r rooms) error { return r.reconciler.ReconcileCommand(ctx, args) })
}

// listExceptions and resolveException are subcommands for operators (package exception).
func listExceptions(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		return exception.New(db, nil, tel, utcNow).ListCommand(ctx, args)
	})
}

func resolveException(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withRooms(ctx, cfg, tel, func(r rooms) error { return r.exceptions.ResolveCommand(ctx, args) })
}

// operatorTask is one of the subcommands about orders (packages fulfilment and refund).
func operatorTask(help string, run func(rooms, context.Context, []string) error) process.Task[Config] {
	return process.Task[Config]{Help: help, Explains: true, Run: func(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
		return withRooms(ctx, cfg, tel, func(r rooms) error { return run(r, ctx, args) })
	}}
}

func (r rooms) showOrder(ctx context.Context, args []string) error {
	return r.fulfilments.ShowCommand(ctx, args)
}

func (r rooms) setOrderStatus(ctx context.Context, args []string) error {
	return r.fulfilments.StatusCommand(ctx, args)
}

func (r rooms) setTracking(ctx context.Context, args []string) error {
	return r.fulfilments.TrackingCommand(ctx, args)
}

func (r rooms) cancelOrder(ctx context.Context, args []string) error {
	return r.fulfilments.CancelCommand(ctx, args)
}

func (r rooms) refundOrder(ctx context.Context, args []string) error {
	return r.refunds.RefundCommand(ctx, args)
}

// withRooms does a task that needs other services or several rooms. Jobs that it queues are done by the service.
func withRooms(ctx context.Context, cfg Config, tel telemetry.Telemetry, task func(r rooms) error) error {
	if err := cfg.check(); err != nil {
		return err
	}
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		service := &Service{db: db}
		defer service.hangUp()
		payment, _, err := service.connect(cfg, tel)
		if err != nil {
			return err
		}
		all, err := assemble(ctx, cfg, tel, db, payment, jobs.Config{})
		if err != nil {
			return err
		}
		return task(all)
	})
}

// withDatabase does a task that needs nothing else. It refuses a schema older than this program.
func withDatabase(ctx context.Context, cfg Config, tel telemetry.Telemetry, task func(db *postgres.Database) error) error {
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	if err := migration.Check(ctx, db, migrations.Set()); err != nil {
		return fmt.Errorf("check schema: %w", err)
	}
	return task(db)
}
