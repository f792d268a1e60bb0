package fulfilment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/fulfilment/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// ShowCommand is `order show-order ORDER`: everything that an operator needs to know of an order, as text. It names the customer.
func (f *Fulfilments) ShowCommand(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("show-order: %w", errOneOrder)
	}
	order, err := f.needs.Purchases.Read(ctx, args[0])
	if err != nil {
		return fmt.Errorf("show-order: %w", err)
	}
	known, err := read(ctx, dbgen.New(f.needs.Database), args[0])
	if err != nil {
		return fmt.Errorf("show-order: %w", err)
	}
	page := &page{order: order, known: known}
	page.print()
	_, err = io.WriteString(process.Output(ctx), page.text.String())
	return err
}

// known is what the customer does not see.
type known struct {
	order      dbgen.ShowOrderRow
	statuses   []dbgen.ShowStatusesRow
	refunds    []dbgen.ShowRefundsRow
	restocked  []dbgen.ShowRestockedRow
	exceptions []dbgen.ShowExceptionsRow
}

func read(ctx context.Context, queries *dbgen.Queries, identifier string) (known, error) {
	var found known
	var err error
	found.order, err = queries.ShowOrder(ctx, identifier)
	if errors.Is(err, pgx.ErrNoRows) {
		return known{}, errOrderNotFound
	}
	if err != nil {
		return known{}, fmt.Errorf("read order: %w", err)
	}
	var failed [4]error
	found.statuses, failed[0] = queries.ShowStatuses(ctx, found.order.ID)
	found.refunds, failed[1] = queries.ShowRefunds(ctx, found.order.ID)
	found.restocked, failed[2] = queries.ShowRestocked(ctx, found.order.ID)
	found.exceptions, failed[3] = queries.ShowExceptions(ctx, dbgen.ShowExceptionsParams{OrderIdentifier: identifier, SessionID: found.order.SessionID})
	return found, errors.Join(failed[:]...)
}

// page is an order as text.
type page struct {
	order *orderv1.Order
	known known
	text  strings.Builder
}

// line keeps out what would command the terminal: names and addresses are what somebody typed.
func (p *page) line(format string, values ...any) {
	shown := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, fmt.Sprintf(format, values...))
	p.text.WriteString(strings.TrimRight(shown, " ") + "\n")
}

func (p *page) print() {
	p.line("Order %s of %s", p.order.GetIdentifier(), at(p.order.GetOrderedAt().AsTime()))
	p.customer()
	p.goods()
	p.sums()
	p.payment()
	p.history()
	p.exceptions()
}

func (p *page) customer() {
	row := p.known.order
	who := "guest"
	if row.AccountID != nil {
		who = fmt.Sprintf("account %d", *row.AccountID)
	}
	if row.AnonymisedAt != nil {
		p.line("  customer     %s, forgotten %s", who, at(*row.AnonymisedAt))
		return
	}
	p.line("  customer     %s <%s>, %s %s", row.CustomerName, row.Email, who, row.Phone)
	p.line("  ships to     %s", address(p.order.GetShippingAddress()))
	p.line("  bill to      %s", address(p.order.GetBillingAddress()))
	confirmed := "not handed to the mail queue yet"
	if row.ConfirmationAcceptedAt != nil {
		confirmed = "handed to the mail queue " + at(*row.ConfirmationAcceptedAt)
	}
	p.line("  confirmation %s", confirmed)
}

func address(a *orderv1.OrderAddress) string {
	parts := []string{a.GetName(), a.GetLine1(), a.GetLine2(), a.GetCity(), strings.TrimSpace(a.GetState() + " " + a.GetPostalCode()), a.GetCountry()}
	var said []string
	for _, part := range parts {
		if part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, ", ")
}

func (p *page) goods() {
	restocked := map[int64]int64{}
	for _, row := range p.known.restocked {
		restocked[row.SkuID] = row.Quantity
	}
	p.line("  goods")
	for _, line := range p.order.GetLines() {
		what := strings.Join(strings.Fields(line.GetProductTitle()+" "+line.GetColor()+" "+line.GetSize()), " ")
		text := fmt.Sprintf("    %3d x %9s  SKU %d  %s", line.GetQuantity(), money.Format(line.GetPriceMinor()), line.GetSkuId(), what)
		if back := restocked[line.GetSkuId()]; back > 0 {
			text += fmt.Sprintf("  (%d back on the shelf)", back)
		}
		p.line("%s", text)
	}
	for _, discount := range p.order.GetDiscounts() {
		p.line("    discount %s: -%s", discount.GetCode(), money.Format(discount.GetDiscountMinor()))
	}
}

func (p *page) sums() {
	order := p.order
	for _, sum := range []struct {
		what  string
		minor int64
	}{
		{"goods", order.GetItemSubtotalMinor()}, {"discount", -order.GetItemDiscountMinor()}, {"shipping", order.GetShippingMinor()},
		{"discount", -order.GetShippingDiscountMinor()}, {"tax", order.GetSalesTaxMinor()},
	} {
		if sum.minor != 0 {
			p.line("    %-12s %12s", sum.what, money.Format(sum.minor))
		}
	}
	p.line("    %-12s %12s %s", "total", money.Format(order.GetTotalMinor()), p.known.order.Currency)
	if order.GetRefundedMinor() != 0 {
		p.line("    %-12s %12s", "given back", money.Format(-order.GetRefundedMinor()))
	}
}

func (p *page) payment() {
	row := p.known.order
	p.line("  payment      %s, %s %s", cmp.Or(row.PaymentIntent, "nothing was charged"), money.Format(row.TotalMinor), row.Currency)
	p.line("  session      %s, %s", row.SessionID, row.Reference)
	p.line("  carrier      %s %s", p.order.GetShippingMethod().GetCarrier(), p.order.GetTrackingNumber())
	if p.order.GetTrackingUrl() != "" {
		p.line("               %s", p.order.GetTrackingUrl())
	}
	for _, refund := range p.known.refunds {
		p.line("  refund       %s  %s %s  %s %s  key %s, by %s  %s", at(refund.RequestedAt), money.Format(refund.AmountMinor), refund.Currency,
			strings.TrimSpace(refund.State+" "+refund.Failure), refund.RefundID, refund.Key, refund.RequestedBy, refund.Note)
	}
}

func (p *page) history() {
	for i, status := range p.known.statuses {
		mail := "mail not queued yet"
		switch {
		case status.NoticeAcceptedAt != nil:
			mail = "mail queued"
		case i == 0:
			mail = ""
		}
		p.line("  %s  %-16s %-12s %s", at(status.SetAt), status.Identifier, status.SetBy, mail)
	}
}

func (p *page) exceptions() {
	for _, exception := range p.known.exceptions {
		state := "waits for somebody"
		if exception.Resolved {
			state = "resolved: " + exception.Resolution
		}
		p.line("  exception #%d %s  %s  %s", exception.ID, exception.Reason, exception.Detail, state)
	}
}

func at(moment time.Time) string { return moment.UTC().Format("2006-01-02 15:04 UTC") }
