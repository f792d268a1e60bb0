package catalogue

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/catalogue/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

const (
	enableShippingCommand  = "enable-shipping-method"
	disableShippingCommand = "disable-shipping-method"
	listShippingCommand    = "shipping-methods"
)

var errLastMethod = errors.New("it is the only shipping method that is offered: without it nobody can buy anything; say --force when this is meant")

// shippingSwitch turns a shipping method on or off.
type shippingSwitch struct {
	command    string
	identifier string
	on         bool
	force      bool // also the last one
}

// EnableShipping is `order enable-shipping-method IDENTIFIER`.
func (c Counter) EnableShipping(ctx context.Context, args []string) error {
	return c.switchShipping(ctx, shippingSwitch{command: enableShippingCommand, on: true}, args)
}

// DisableShipping is `order disable-shipping-method IDENTIFIER [--force]`. Carts that have it get the default; who is at the
// payment page gets it all the same. The last one that is offered needs --force.
func (c Counter) DisableShipping(ctx context.Context, args []string) error {
	return c.switchShipping(ctx, shippingSwitch{command: disableShippingCommand}, args)
}

func (c Counter) switchShipping(ctx context.Context, wanted shippingSwitch, args []string) error {
	request, err := operator.Parse(wanted.command, args, wanted.flags)
	if err != nil {
		return err
	}
	if len(request.Args) != 1 {
		return fmt.Errorf("%s: expected one identifier; %s lists them", wanted.command, listShippingCommand)
	}
	wanted.identifier = request.Args[0]
	will, err := c.planSwitch(ctx, dbgen.New(c.DB), wanted)
	if err != nil {
		return fmt.Errorf("%s: %w", wanted.command, err)
	}
	if will.nothing {
		return say(ctx, will.text)
	}
	if err := request.Confirm(ctx, will.text); err != nil {
		return fmt.Errorf("%s: %w", wanted.command, err)
	}
	if err := c.doSwitch(ctx, request.By, wanted); err != nil {
		return fmt.Errorf("%s: %w", wanted.command, err)
	}
	return say(ctx, "done")
}

func (s *shippingSwitch) flags(flags *flag.FlagSet) {
	if !s.on {
		flags.BoolVar(&s.force, "force", false, "also the last one that is offered")
	}
}

// switchPlan is what a switch will do.
type switchPlan struct {
	id      int64
	text    string
	nothing bool // it is so already
}

// planSwitch locks the methods when queries is a transaction's.
func (c Counter) planSwitch(ctx context.Context, queries *dbgen.Queries, wanted shippingSwitch) (switchPlan, error) {
	methods, err := queries.LockShippingMethods(ctx)
	if err != nil {
		return switchPlan{}, fmt.Errorf("read shipping methods: %w", err)
	}
	at := slices.IndexFunc(methods, func(method dbgen.LockShippingMethodsRow) bool { return method.Identifier == wanted.identifier })
	if at < 0 {
		return switchPlan{}, fmt.Errorf("there is no shipping method %q; %s lists them", wanted.identifier, listShippingCommand)
	}
	method := methods[at]
	name := fmt.Sprintf("%s (%s, %s)", method.Identifier, method.Carrier, money.Format(method.CostMinor))
	if method.Active == wanted.on {
		return switchPlan{id: method.ID, text: name + " is so already: nothing to do", nothing: true}, nil
	}
	if wanted.on {
		return switchPlan{id: method.ID, text: name + " will be offered from now on."}, nil
	}
	others := slices.ContainsFunc(methods, func(other dbgen.LockShippingMethodsRow) bool { return other.Active && other.ID != method.ID })
	if !others && !wanted.force {
		return switchPlan{}, errLastMethod
	}
	text := name + " will not be offered from now on; carts that have it are given another one."
	if !others {
		text = name + " will not be offered from now on. It is the last one: nobody can buy anything until there is another."
	}
	return switchPlan{id: method.ID, text: text}, nil
}

// doSwitch plans again with the methods locked: of two operators who switch off the last two, one is refused.
func (c Counter) doSwitch(ctx context.Context, by string, wanted shippingSwitch) error {
	err := c.DB.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		queries := dbgen.New(tx)
		plan, err := c.planSwitch(ctx, queries, wanted)
		if err != nil || plan.nothing {
			return err
		}
		if err := queries.SwitchShippingMethod(ctx, dbgen.SwitchShippingMethodParams{ID: plan.id, Active: wanted.on}); err != nil {
			return fmt.Errorf("switch: %w", err)
		}
		return operation.Note(ctx, tx, by, wanted.command, wanted.identifier, plan.text, c.Now())
	})
	if err != nil {
		return err
	}
	c.Logger.InfoContext(ctx, "[OPERATOR] "+wanted.command, slog.String("by", by), slog.String("shipping_method", wanted.identifier))
	return nil
}

// ListShipping is `order shipping-methods`.
func (c Counter) ListShipping(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %q is not understood", listShippingCommand, args[0])
	}
	found, err := read(ctx, c.DB, c.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", listShippingCommand, err)
	}
	snapshot, err := build(found)
	if err != nil {
		return fmt.Errorf("%s: %w", listShippingCommand, err)
	}
	chosen, _ := snapshot.DefaultShippingMethod()
	table := tabwriter.NewWriter(process.Output(ctx), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "IDENTIFIER\tCARRIER\tCOST\tOFFERED\tDEFAULT")
	for _, method := range found.shippingMethods {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", method.Identifier, method.Carrier, money.Format(method.CostMinor),
			yes(method.Active), yes(method.Identifier == chosen.Identifier))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("%s: %w", listShippingCommand, err)
	}
	return nil
}

func yes(it bool) string {
	if it {
		return "yes"
	}
	return "-"
}
