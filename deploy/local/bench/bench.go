// Package bench measures the running shop: requests per second, latency and CPU per request of the main paths, next to
// a bare net/http server that sends the bytes of the product list, all in one run on one machine; and what a whole
// purchase costs, in CPU and in SQL statements.
package bench

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

// Options bound a run.
type Options struct {
	// Duration is how long each path is loaded.
	Duration time.Duration
	// Connections is how many clients ask at once.
	Connections int
	// Only, when set, leaves out the paths whose name does not contain it; the bare server is always measured.
	Only string
	Out  io.Writer
}

// result is what one path cost.
type result struct {
	name string
	load load
	// CPU milliseconds per request, by who spent them.
	edge, services, postgres float64
	goal                     string
}

// Run loads every path in turn and prints one table.
func Run(ctx context.Context, shop *stack.Stack, options Options) error {
	idle, err := residentMegabytes(shop)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(options.Out, "the five programs take %.0f MB resident before the load (aim: 150 MB)\n", idle)
	bare, err := serveBare(ctx, shop.APIURL()+"/order/products")
	if err != nil {
		return err
	}
	defer bare.stop()
	paths, err := prepare(ctx, shop, bare.url)
	if err != nil {
		return err
	}
	postgresData, err := dataDirectory(ctx, shop.AdminURL())
	if err != nil {
		return err
	}
	results := make([]result, 0, len(paths))
	for i, path := range paths {
		if i > 0 && !strings.Contains(path.name, options.Only) {
			continue
		}
		measured, err := measure(ctx, shop, postgresData, path, options)
		if err != nil {
			return fmt.Errorf("%s: %w", path.name, err)
		}
		results = append(results, measured)
	}
	return print(options.Out, results)
}

func measure(ctx context.Context, shop *stack.Stack, postgresData string, path target, options Options) (result, error) {
	warm := options
	warm.Duration = time.Second
	if _, err := runWrk(ctx, path, warm); err != nil {
		return result{}, err
	}
	before, err := readUsage(shop, postgresData)
	if err != nil {
		return result{}, err
	}
	carried, err := runWrk(ctx, path, options)
	if err != nil {
		return result{}, err
	}
	after, err := readUsage(shop, postgresData)
	if err != nil {
		return result{}, err
	}
	each := func(spent time.Duration) float64 {
		return float64(spent) / float64(time.Millisecond) / float64(max(carried.requests, 1))
	}
	return result{
		name: path.name, load: carried, goal: path.goal,
		edge: each(after.edge - before.edge), services: each(after.services - before.services), postgres: each(after.postgres - before.postgres),
	}, nil
}

func print(out io.Writer, results []result) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(format string, values ...any) { _, _ = fmt.Fprintf(table, format+"\t\n", values...) }
	row("path\trequests/s\tp50\tp99\tCPU ms: edge\tservices\tPostgres\tall\tnot 2xx\taim")
	for _, r := range results {
		row("%s\t%.0f\t%s\t%s\t%.3f\t%.3f\t%.3f\t%.3f\t%d\t%s", r.name, r.load.rate(), r.load.p50, r.load.p99,
			r.edge, r.services, r.postgres, r.edge+r.services+r.postgres, r.load.errors, r.goal)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		if r.name == "products" && results[0].load.rate() > 0 {
			_, err := fmt.Fprintf(out, "products reaches %.0f %% of the bare server (aim: 60 %%)\n", 100*r.load.rate()/results[0].load.rate())
			return err
		}
	}
	return nil
}
