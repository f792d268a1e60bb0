package exception

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/bartgottschalk/startupwebapp/services/order/exception/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// surroundings is what operators see of exceptions besides the exceptions themselves, by exception. It is personal: it is for
// their terminal, never for a log.
type surroundings struct {
	whom       map[int64]dbgen.ListWhomRow // of payments that are no order
	goods      map[int64][]dbgen.ListGoodsRow
	givenMinor map[int64]int64
}

func (e *Exceptions) lookAround(ctx context.Context, rows []dbgen.PaymentException) (surroundings, error) {
	seen := surroundings{map[int64]dbgen.ListWhomRow{}, map[int64][]dbgen.ListGoodsRow{}, map[int64]int64{}}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	queries := dbgen.New(e.db)
	whom, err := queries.ListWhom(ctx, ids)
	if err != nil {
		return seen, fmt.Errorf("look whom to answer: %w", err)
	}
	var checkouts []int64
	for _, row := range whom {
		seen.whom[row.ID] = row
		if row.CheckoutID != nil {
			checkouts = append(checkouts, *row.CheckoutID)
		}
	}
	goods, err := queries.ListGoods(ctx, checkouts)
	if err != nil {
		return seen, fmt.Errorf("look what was bought: %w", err)
	}
	for _, row := range goods {
		seen.goods[row.CheckoutID] = append(seen.goods[row.CheckoutID], row)
	}
	given, err := queries.ListGivenBack(ctx, ids)
	if err != nil {
		return seen, fmt.Errorf("look what was given back: %w", err)
	}
	for _, row := range given {
		seen.givenMinor[row.ID] = row.GivenMinor
	}
	return seen, nil
}

// print writes exceptions for operators: what each is, about what and whom, how much, what is proposed, and how it ended.
func (e *Exceptions) print(ctx context.Context, rows ...dbgen.PaymentException) error {
	seen, err := e.lookAround(ctx, rows)
	if err != nil {
		return err
	}
	for _, row := range rows {
		lines := []string{line(protoOf(row), seen.givenMinor[row.ID], e.now())}
		if row.Detail != "" {
			lines = append(lines, "    "+row.Detail)
		}
		lines = append(lines, seen.around(row.ID)...)
		if row.ResolvedAt != nil {
			lines = append(lines, fmt.Sprintf("    resolved %s by %s: %s", row.ResolvedAt.UTC().Format(time.DateOnly), *row.ResolvedBy, *row.Resolution))
		}
		for _, text := range lines {
			_, _ = fmt.Fprintln(process.Output(ctx), OneLine(text))
		}
	}
	return nil
}

func (s surroundings) around(id int64) []string {
	whom, found := s.whom[id]
	if !found {
		return nil
	}
	var lines []string
	if whom.Email != "" {
		lines = append(lines, "    of "+whom.Email)
	}
	if whom.CheckoutID == nil {
		return lines
	}
	for _, goods := range s.goods[*whom.CheckoutID] {
		what := strings.Join(strings.Fields(goods.ProductTitle+" "+goods.Color+" "+goods.Size), " ")
		lines = append(lines, fmt.Sprintf("    %3d x %9s  SKU %d  %s", goods.Quantity, money.Format(goods.PriceMinor), goods.SkuID, what))
	}
	return lines
}

// OneLine keeps out what would command the terminal or begin a line of its own: some of the text is what strangers typed.
func OneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
