package catalogue

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/catalogue/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

const (
	setPriceCommand = "set-price"
	dearest         = 9_999_999_999 // minor units; what the table takes
	noPrice         = "none"
)

// Counter is where operators change what is for sale, as subcommands of the order program. Services that run learn it from the
// database.
type Counter struct {
	DB     *postgres.Database
	Logger *slog.Logger
	Now    func() time.Time
}

// priceWish is what `set-price` was asked for.
type priceWish struct {
	skuID      int64
	priceMinor int64
	from       time.Time // zero: now
}

// SetPrice is `order set-price SKU AMOUNT [--from TIME]`. Who is at the payment page pays what it says.
func (c Counter) SetPrice(ctx context.Context, args []string) error {
	var wish priceWish
	request, err := operator.Parse(setPriceCommand, args, func(flags *flag.FlagSet) {
		flags.Func("from", "when it comes into force: a day like 2026-12-01, which is its first moment in UTC, or a moment like 2026-12-01T09:00:00Z", parseMoment(&wish.from))
	})
	if err != nil {
		return err
	}
	if err := wish.read(request.Args); err != nil {
		return fmt.Errorf("%s: %w", setPriceCommand, err)
	}
	change, err := c.planPrice(ctx, dbgen.New(c.DB), wish)
	if err != nil {
		return fmt.Errorf("%s: %w", setPriceCommand, err)
	}
	if change.nothing() {
		return say(ctx, change.String()+": nothing to do")
	}
	if err := request.Confirm(ctx, change.String()+change.warning()+change.planned); err != nil {
		return fmt.Errorf("%s: %w", setPriceCommand, err)
	}
	if err := c.setPrice(ctx, request.By, wish); err != nil {
		return fmt.Errorf("%s: %w", setPriceCommand, err)
	}
	return say(ctx, "done")
}

func parseMoment(into *time.Time) func(string) error {
	return func(text string) error {
		for _, layout := range []string{time.DateOnly, time.RFC3339} {
			if at, err := time.Parse(layout, text); err == nil && !at.IsZero() {
				*into = at.UTC()
				return nil
			}
		}
		return errors.New("expected a day like 2026-12-01 or a moment like 2026-12-01T09:00:00Z")
	}
}

func (w *priceWish) read(args []string) (err error) {
	if len(args) != 2 {
		return errors.New("expected SKU AMOUNT [--from 2026-12-01]")
	}
	if w.skuID, err = strconv.ParseInt(args[0], 10, 64); err != nil || w.skuID < 1 {
		return fmt.Errorf("%q is no number of a SKU; the command stock lists them", args[0])
	}
	if w.priceMinor, err = money.Parse(args[1]); err != nil || w.priceMinor < 0 || w.priceMinor > dearest {
		return fmt.Errorf("%q is no price; expected an amount like 12.50, at most %s", args[1], money.Format(dearest))
	}
	return nil
}

// priceChange is what will become of a price.
type priceChange struct {
	sku      string
	oldMinor *int64 // nil: none
	newMinor int64
	from     time.Time
	later    bool   // it comes into force only then
	planned  string // prices that come after it
}

func (p priceChange) nothing() bool { return p.oldMinor != nil && *p.oldMinor == p.newMinor }

// String is the change for people.
func (p priceChange) String() string {
	before, when := noPrice, "now"
	if p.oldMinor != nil {
		before = money.Format(*p.oldMinor)
	}
	if p.later {
		when = moment(p.from)
	}
	return fmt.Sprintf("%s: price %s until now, %s from %s on", p.sku, before, money.Format(p.newMinor), when)
}

// warning: 0 is a price, and seldom meant.
func (p priceChange) warning() string {
	if p.newMinor > 0 {
		return ""
	}
	return "\nThe SKU is then free: customers get it for nothing."
}

// planPrice compares with the price that would be in force at that moment. It locks the SKU when queries is a transaction's.
func (c Counter) planPrice(ctx context.Context, queries *dbgen.Queries, wish priceWish) (priceChange, error) {
	change := priceChange{newMinor: wish.priceMinor, from: wish.from, later: !wish.from.IsZero()}
	if !change.later {
		change.from = c.Now().UTC()
	} else if change.from.Before(c.Now()) {
		return priceChange{}, errors.New("--from lies in the past")
	}
	sku, err := queries.LockSku(ctx, wish.skuID)
	if errors.Is(err, pgx.ErrNoRows) {
		return priceChange{}, fmt.Errorf("there is no SKU %d; the command stock lists them", wish.skuID)
	}
	if err != nil {
		return priceChange{}, fmt.Errorf("read SKU: %w", err)
	}
	change.sku = fmt.Sprintf("SKU %d, %s", wish.skuID, described(sku.Title, sku.Color, sku.Size))
	prices, err := queries.PriceAt(ctx, dbgen.PriceAtParams{SkuID: wish.skuID, At: change.from})
	if err != nil {
		return priceChange{}, fmt.Errorf("read price: %w", err)
	}
	if len(prices) > 0 {
		change.oldMinor = &prices[0].PriceMinor
	}
	change.planned, err = laterPrices(ctx, queries, wish.skuID, change.from)
	return change, err
}

// laterPrices tells what will follow, so that nobody is surprised by it.
func laterPrices(ctx context.Context, queries *dbgen.Queries, skuID int64, at time.Time) (string, error) {
	prices, err := queries.LaterPrices(ctx, dbgen.LaterPricesParams{SkuID: skuID, At: at})
	if err != nil {
		return "", fmt.Errorf("read planned prices: %w", err)
	}
	var lines strings.Builder
	for _, price := range prices {
		lines.WriteString("\nplanned before: " + money.Format(price.PriceMinor) + " from " + moment(price.ValidFrom) + " on")
	}
	return lines.String(), nil
}

// setPrice plans again with the SKU locked, so that what is noted is what happened.
func (c Counter) setPrice(ctx context.Context, by string, wish priceWish) error {
	var change priceChange
	err := c.DB.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		queries := dbgen.New(tx)
		if change, err = c.planPrice(ctx, queries, wish); err != nil || change.nothing() {
			return err
		}
		err = queries.SetPrice(ctx, dbgen.SetPriceParams{SkuID: wish.skuID, PriceMinor: change.newMinor, ValidFrom: change.from})
		if err != nil {
			return fmt.Errorf("write price: %w", err)
		}
		return operation.Note(ctx, tx, by, setPriceCommand, strconv.FormatInt(wish.skuID, 10), change.String(), c.Now())
	})
	if err != nil {
		return err
	}
	c.Logger.InfoContext(ctx, "[OPERATOR] "+setPriceCommand, slog.String("by", by), slog.Int64("sku_id", wish.skuID),
		slog.Int64("price_minor", change.newMinor), slog.Time("from", change.from))
	return nil
}

func described(title string, variants ...*string) string {
	for _, variant := range variants {
		if variant != nil && *variant != "" {
			title += ", " + *variant
		}
	}
	return title
}

func moment(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func say(ctx context.Context, line string) error {
	if _, err := fmt.Fprintln(process.Output(ctx), line); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
