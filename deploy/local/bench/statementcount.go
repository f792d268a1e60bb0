package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

const (
	countedOrders = 40
	idleTime      = 3 * time.Second
)

// Statements lets one customer buy in a shop of its own whose services reach PostgreSQL through a proxy, and prints how many
// statements an order takes, by service. What the services ask while nobody buys is taken off. With texts, each statement
// is listed.
func Statements(ctx context.Context, options stack.Options, texts bool, out io.Writer) (err error) {
	proxy, through, err := countStatements(options.AdminURL)
	if err != nil {
		return err
	}
	defer proxy.close()
	options.AdminURL = through
	shop, err := stack.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, shop.Stop(context.WithoutCancel(ctx))) }()
	books, err := openBooks(ctx, through, options.Database)
	if err != nil {
		return err
	}
	defer func() { _ = books.Close(context.WithoutCancel(ctx)) }()
	load := buying{API: shop.APIURL(), Customers: 1, Orders: 10}
	if err := buyAll(ctx, load); err != nil { // statements are prepared, caches filled
		return err
	}
	if err := awaitSettled(ctx, books); err != nil {
		return err
	}
	counted, err := proxy.during(ctx, func() error { return wait(ctx, idleTime) })
	if err != nil {
		return err
	}
	idle := counted
	began := time.Now()
	load.Orders = countedOrders
	counted, err = proxy.during(ctx, func() error {
		if err := buyAll(ctx, load); err != nil {
			return err
		}
		return awaitSettled(ctx, books)
	})
	if err != nil {
		return err
	}
	share := float64(time.Since(began)) / float64(idleTime)
	return printStatements(out, perOrder(counted, idle, share, options.Database), texts)
}

func wait(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}

// during counts what is asked while work is under way.
func (s *statements) during(_ context.Context, work func() error) (map[asked]int, error) {
	before := s.now()
	err := work()
	counted := s.now()
	maps.DeleteFunc(counted, func(what asked, count int) bool { return count == before[what] })
	for what := range counted {
		counted[what] -= before[what]
	}
	return counted, err
}

// statementCost is how often a statement is asked for one order.
type statementCost struct {
	service, text string
	times         float64
}

func perOrder(counted, idle map[asked]int, share float64, database string) []statementCost {
	var costs []statementCost
	for what, count := range counted {
		service, ofService := strings.CutSuffix(what.role, "_service_"+database)
		times := (float64(count) - share*float64(idle[what])) / countedOrders
		if ofService && times > 0.004 { // the administrator's are ours
			costs = append(costs, statementCost{service, what.text, times})
		}
	}
	slices.SortFunc(costs, func(a, b statementCost) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(b.times, a.times), cmp.Compare(a.text, b.text))
	})
	return costs
}

func printStatements(out io.Writer, costs []statementCost, texts bool) error {
	sums, transactions, total := map[string]float64{}, 0.0, 0.0
	for _, cost := range costs {
		sums[cost.service] += cost.times
		total += cost.times
		if first, _, _ := strings.Cut(strings.ToLower(cost.text), " "); first == "begin" || first == "commit" {
			transactions += cost.times
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "SQL statements per order\t%.1f\t%.1f of them begin or commit\n", total, transactions)
	for _, service := range slices.Sorted(maps.Keys(sums)) {
		_, _ = fmt.Fprintf(table, "  %s\t%.1f\t\n", service, sums[service])
	}
	if err := table.Flush(); err != nil || !texts {
		return err
	}
	for _, cost := range costs {
		if _, err := fmt.Fprintf(out, "%8.2f  %-11s %.160s\n", cost.times, cost.service, cost.text); err != nil {
			return err
		}
	}
	return nil
}
