package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

const (
	oldPrice = 435 // of everything that sellMany puts up
	newPrice = 1999
)

// priced puts up a SKU for every round, not counted.
func priced(ctx context.Context, s *Shop, rounds int) (int64, error) {
	return s.sellMany(ctx, rounds, 0)
}

// racePrice: the price goes up while one tab pays at a page with the old one and the other checks out once more. What was paid at
// the old page is an order at the old price; the thing is bought once.
func (s *Shop) racePrice(ctx context.Context, sku int64) (string, error) {
	guests, err := s.crowd(ctx, sku, 1)
	if err != nil {
		return "", err
	}
	tab := guests[0]
	shown, err := tab.Total(ctx)
	if err != nil {
		return "", err
	}
	page, err := tab.CheckOut(ctx)
	if err != nil {
		return "", err
	}
	other := s.tab(tab)
	var paidOld int
	var newPage shopper.Payment
	var refused error
	failures := atOnce(
		func() error { return s.setPrice(ctx, sku, newPrice) },
		func() (err error) {
			paidOld, err = tab.Pay(ctx, page.Page, shopper.GoodCard, "")
			return err
		},
		func() error {
			newPage, refused = other.CheckOut(ctx)
			return nil
		})
	if err := errors.Join(failures...); err != nil {
		return "", err
	}
	session, expected := page.Session, shown
	if paidOld != http.StatusSeeOther { // the page was closed by the other tab, which has a new one
		if refused != nil {
			return "", fmt.Errorf("the old page answered %d and there is no new one: %w", paidOld, refused)
		}
		status, err := other.Pay(ctx, newPage.Page, shopper.GoodCard, "")
		if err != nil || status != http.StatusSeeOther {
			return fmt.Sprint("the new page answered ", status), err
		}
		session, expected = newPage.Session, shown-oldPrice+newPrice
	}
	return s.checkPrice(ctx, sku, session, expected)
}

func (s *Shop) checkPrice(ctx context.Context, sku int64, session string, expected int64) (string, error) {
	if _, _, err := s.bought(ctx, sku, []string{session}); err != nil {
		return "", err
	}
	const ofSku = `SELECT count(*), coalesce(max(p.total_minor), 0), coalesce(bool_and(p.session_id = $2), false)
		FROM orders.purchase p JOIN orders.purchase_line l ON l.purchase_id = p.id WHERE l.sku_id = $1`
	var orders int
	var total int64
	var same bool
	if err := s.books.QueryRow(ctx, ofSku, sku, session).Scan(&orders, &total, &same); err != nil {
		return "", err
	}
	if orders != 1 || total != expected || !same {
		return fmt.Sprintf("%d orders, the last about %d in place of %d", orders, total, expected), nil
	}
	return "", nil
}
