package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what Judge found.
type Report struct {
	// Wrong is what must not be, a line each; empty when all is well.
	Wrong []string

	storm                       *Storm
	settled                     time.Duration
	charges, orders, exceptions int
	interrupted, codeUsed       int
	refunds                     int
	excused                     map[string]int
	shelves                     []shelved
}

// Print writes the table of counts, and then what is wrong.
func (r *Report) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, value any) { _, _ = fmt.Fprintf(table, "  %s\t%v\n", name, value) }
	part := func(title string) { _, _ = fmt.Fprintf(table, "%s\n", title) }
	if r.storm != nil {
		part(fmt.Sprintf("%d customers for %s, seed %d", r.storm.run.Customers, r.storm.lasted.Round(time.Second), r.storm.run.Seed))
		counts(row, r.storm.diary.counts)
		part("what was broken")
		counts(row, r.storm.happened.faults)
		part(fmt.Sprintf("answers of the API: %d", r.storm.happened.answers))
		counts(row, r.excused)
	}
	part("the books, settled after " + r.settled.Round(100*time.Millisecond).String())
	row("charges", r.charges)
	row("orders", r.orders)
	row("exceptions in place of an order", r.exceptions)
	row("refunds", r.refunds)
	row("confirmation mails that nobody knows whether they are out", r.interrupted)
	row(fmt.Sprintf("uses of a code for %d", fewTimes), r.codeUsed)
	for _, one := range r.shelves {
		if r.storm != nil && one.SkuID < raceGoods {
			row(fmt.Sprint("stock of SKU ", one.SkuID), fmt.Sprintf("%d - %d sold + %d restocked = %d", one.Set, one.Sold, one.Restocked, one.OnHand))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return r.printWrong(out)
}

func counts(row func(string, any), counted map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(counted)) {
		row(name, counted[name])
	}
}

func (r *Report) printWrong(out io.Writer) error {
	if len(r.Wrong) == 0 {
		_, err := fmt.Fprintln(out, "nothing is wrong")
		return err
	}
	for _, line := range r.Wrong {
		if _, err := fmt.Fprintln(out, "WRONG:", line); err != nil {
			return err
		}
	}
	return nil
}
