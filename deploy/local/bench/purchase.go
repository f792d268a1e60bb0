package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

// The aims of `scripts/bench purchase`: what an order may cost the shop, and how many two cores are to make.
const (
	aimMilliseconds = 20
	aimOrders       = 80
)

// settlePatience is how long webhooks and mails of a load may take to be done.
const settlePatience = 60 * time.Second

// PurchaseOptions bound a run of Purchases.
type PurchaseOptions struct {
	// Duration is how long each number of customers buys.
	Duration time.Duration
	// Customers are the numbers of customers at once that are measured.
	Customers []int
	Out       io.Writer
}

// purchases is what one number of customers cost.
type purchases struct {
	customers int
	bought    bought
	spent     usage
	sandbox   time.Duration
	load      time.Duration
	settled   time.Duration // from the last order to the last mail
}

// Purchases lets customers buy whole orders over REST and tells what an order costs, by who spends it. A purchase that failed is an
// error, after the figures.
func Purchases(ctx context.Context, shop *stack.Stack, database string, options PurchaseOptions) error {
	books, err := openBooks(ctx, shop.AdminURL(), database)
	if err != nil {
		return err
	}
	defer func() { _ = books.Close(context.WithoutCancel(ctx)) }()
	postgresData, err := dataDirectory(ctx, shop.AdminURL())
	if err != nil {
		return err
	}
	if err := buyAll(ctx, buying{API: shop.APIURL(), Customers: 4, Duration: 2 * time.Second}); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	measured := make([]purchases, 0, len(options.Customers))
	for _, customers := range options.Customers {
		if err := awaitSettled(ctx, books); err != nil {
			return err
		}
		one, err := measurePurchases(ctx, shop, books, postgresData, buying{API: shop.APIURL(), Customers: customers, Duration: options.Duration})
		if err != nil {
			return fmt.Errorf("%d customers: %w", customers, err)
		}
		measured = append(measured, one)
	}
	return errors.Join(printPurchases(options.Out, measured), failedPurchases(measured))
}

// failedPurchases: figures of a shop in which purchases fail are worth nothing.
func failedPurchases(measured []purchases) error {
	failed := 0
	for _, m := range measured {
		failed += m.bought.Failed
	}
	if failed > 0 {
		return fmt.Errorf("%d purchases failed", failed)
	}
	return nil
}

// measurePurchases counts until the last webhook was handled and the last mail was taken: they belong to the order.
func measurePurchases(ctx context.Context, shop *stack.Stack, books *pgx.Conn, postgresData string, load buying) (purchases, error) {
	before, err := readUsage(shop, postgresData)
	if err != nil {
		return purchases{}, err
	}
	sandbox, err := cpuTime(os.Getpid())
	if err != nil {
		return purchases{}, err
	}
	came, err := startLoad(ctx, load)
	if err != nil {
		return purchases{}, err
	}
	done := time.Now()
	if err := awaitSettled(ctx, books); err != nil {
		return purchases{}, err
	}
	settled := time.Since(done)
	after, err := readUsage(shop, postgresData)
	if err != nil {
		return purchases{}, err
	}
	both, err := cpuTime(os.Getpid()) // with the child that bought and has ended
	if err != nil {
		return purchases{}, err
	}
	return purchases{
		customers: load.Customers, bought: came.bought, spent: after.since(before), settled: settled,
		load: came.spent, sandbox: both - sandbox - came.spent,
	}, nil
}

func (u usage) since(before usage) usage {
	spent := usage{edge: u.edge - before.edge, services: u.services - before.services, postgres: u.postgres - before.postgres, programs: map[string]time.Duration{}}
	for program, total := range u.programs {
		spent.programs[program] = total - before.programs[program]
	}
	return spent
}

// loaded is what the process that bought did and spent.
type loaded struct {
	bought
	spent time.Duration
}

// startLoad runs the load in a process of its own.
func startLoad(ctx context.Context, load buying) (loaded, error) {
	program, err := os.Executable()
	if err != nil {
		return loaded{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, load.Duration+2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, LoadCommand, "-api", load.API,
		"-customers", strconv.Itoa(load.Customers), "-duration", load.Duration.String(), "-orders", strconv.Itoa(load.Orders))
	command.Stderr = os.Stderr
	said, err := command.Output()
	if err != nil {
		return loaded{}, fmt.Errorf("the load: %w", err)
	}
	var came bought
	if err := json.Unmarshal(said, &came); err != nil {
		return loaded{}, fmt.Errorf("read what came of the load: %w", err)
	}
	if len(came.Took) == 0 {
		return loaded{}, fmt.Errorf("no purchase succeeded: %s", came.Because)
	}
	return loaded{came, command.ProcessState.UserTime() + command.ProcessState.SystemTime()}, nil
}

// buyAll runs a load of which every purchase has to become an order.
func buyAll(ctx context.Context, load buying) error {
	came, err := startLoad(ctx, load)
	if err != nil {
		return err
	}
	if came.Failed > 0 {
		return fmt.Errorf("%d purchases failed, the first: %s", came.Failed, came.Because)
	}
	return nil
}

// openBooks looks into the shop's database as the administrator.
func openBooks(ctx context.Context, adminURL, database string) (*pgx.Conn, error) {
	parsed, err := url.Parse(adminURL)
	if err != nil {
		return nil, err
	}
	parsed.Path = "/" + database
	return pgx.Connect(ctx, parsed.String())
}

// unsettled is what is still to be done about the orders that there are: webhooks, confirmations, mails.
const unsettled = `SELECT (SELECT count(*) FROM orders.purchase WHERE confirmation_accepted_at IS NULL)
	+ (SELECT count(*) FROM users.mails WHERE state = 'queued')
	+ greatest(0, (SELECT count(*) FROM orders.purchase) -
		(SELECT count(*) FROM payments.webhook_event WHERE type = 'checkout.session.completed' AND handled_at IS NOT NULL))`

func awaitSettled(ctx context.Context, books *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		var left int
		if err := books.QueryRow(ctx, unsettled).Scan(&left); err != nil {
			return fmt.Errorf("look what is left to do: %w", err)
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d webhooks and mails are still not done: %w", left, ctx.Err())
		case <-poll.C:
		}
	}
}

func printPurchases(out io.Writer, measured []purchases) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(format string, values ...any) { _, _ = fmt.Fprintf(table, format+"\t\n", values...) }
	row("customers\torders\torders/s\tp50\tp99\tCPU ms: gateway\torder\tpayment\tuser\tclientevent\tPostgres\tshop\tsandbox, mailbox\tload\tfailed\tmails done after")
	for _, m := range measured {
		each := func(spent time.Duration) float64 {
			return float64(spent) / float64(time.Millisecond) / float64(len(m.bought.Took))
		}
		programs := m.spent.programs
		row("%d\t%d\t%.1f\t%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t%s",
			m.customers, len(m.bought.Took), m.bought.rate(), m.bought.percentile(50), m.bought.percentile(99),
			each(programs["gateway"]), each(programs["order"]), each(programs["payment"]), each(programs["user"]), each(programs["clientevent"]),
			each(m.spent.postgres), each(m.spent.all()), each(m.sandbox), each(m.load), m.bought.Failed, m.settled.Round(10*time.Millisecond))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, m := range measured {
		if m.bought.Failed > 0 {
			_, _ = fmt.Fprintf(out, "%d customers: the first purchase that failed: %s\n", m.customers, m.bought.Because)
		}
	}
	best := bestOf(measured)
	_, err := fmt.Fprintf(out, "an order costs the shop %.1f ms of CPU (aim: at most %d ms); %.0f orders/s, the sandbox and the load on the same cores (aim: %d)\n",
		best.milliseconds(), aimMilliseconds, best.bought.rate(), aimOrders)
	return err
}

// bestOf is the number of customers that made most orders.
func bestOf(measured []purchases) purchases {
	var best purchases
	for _, m := range measured {
		if m.bought.rate() > best.bought.rate() {
			best = m
		}
	}
	return best
}

func (p purchases) milliseconds() float64 {
	return float64(p.spent.all()) / float64(time.Millisecond) / float64(max(1, len(p.bought.Took)))
}
