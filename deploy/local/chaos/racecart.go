package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

// raceTwoTabs: one tab pays at the open payment page while the other puts something more into the cart, checks out and pays too.
// Whoever wins, each thing is bought once, and each payment is one order.
func (s *Shop) raceTwoTabs(ctx context.Context, number int64) (string, error) {
	first, second := int64(1), int64(7)
	tab, err := s.filled(ctx, int(number), first)
	if err != nil {
		return "", err
	}
	page, err := tab.CheckOut(ctx)
	if err != nil {
		return "", err
	}
	other := s.tab(tab)
	var paidOld, paidNew int
	var newPage shopper.Payment
	failures := atOnce(func() (err error) {
		paidOld, err = tab.Pay(ctx, page.Page, shopper.GoodCard, "")
		return err
	}, func() (err error) {
		if err = other.Add(ctx, second, 1); err != nil {
			return err
		}
		if newPage, err = other.CheckOut(ctx); err != nil {
			return err
		}
		paidNew, err = other.Pay(ctx, newPage.Page, shopper.GoodCard, "")
		return err
	})
	if err := errors.Join(failures...); err != nil {
		return "", err
	}
	sessions := []string{newPage.Session}
	if paidOld == http.StatusSeeOther && newPage.Session != page.Session {
		sessions = append(sessions, page.Session)
	}
	orders, clips, err := s.bought(ctx, first, sessions)
	if err != nil {
		return "", err
	}
	_, bands, err := s.bought(ctx, second, sessions)
	if paidNew != http.StatusSeeOther || orders != len(sessions) || clips != 1 || bands != 1 {
		return fmt.Sprintf("pages answered %d and %d: %d orders of %d payments, with %d and %d pieces", paidOld, paidNew, orders, len(sessions), clips, bands), err
	}
	return "", err
}

// raceSubmittedTwice: the pay button of one cart is pressed in two tabs, which then pay together. There is one session, one
// charge and one order.
func (s *Shop) raceSubmittedTwice(ctx context.Context, number int64) (string, error) {
	tab, err := s.filled(ctx, int(number), 6)
	if err != nil {
		return "", err
	}
	tabs := []*shopper.Shopper{tab, s.tab(tab)}
	pages, statuses, arrived := make([]shopper.Payment, 2), make([]int, 2), make([]string, 2)
	press := func(i int) func() error {
		return func() (err error) {
			if pages[i], err = tabs[i].CheckOut(ctx); err != nil {
				return err
			}
			if statuses[i], err = tabs[i].Pay(ctx, pages[i].Page, shopper.GoodCard, ""); err != nil {
				return err
			}
			arrived[i], err = tabs[i].Arrive(ctx, pages[i].Session)
			return err
		}
	}
	failures := atOnce(press(0), press(1))
	// Who comes so late that the other has bought already finds an empty cart.
	for i, failure := range failures {
		late := shopper.CodeOf(failure)
		if failure != nil && (failures[1-i] != nil || late != "cart-is-empty" && late != "cart-not-found") {
			return "", errors.Join(failures...)
		}
		if failure != nil {
			pages[i], arrived[i] = pages[1-i], arrived[1-i]
		}
	}
	orders, pieces, err := s.bought(ctx, 6, []string{pages[0].Session})
	if pages[0] != pages[1] || arrived[0] != arrived[1] || orders != 1 || pieces != 1 {
		return fmt.Sprintf("sessions %s and %s, orders %s and %s, pieces %d", pages[0].Session, pages[1].Session, arrived[0], arrived[1], pieces), err
	}
	return "", err
}

// raceAddedTwice: the same SKU is added in two tabs. The line has two.
func (s *Shop) raceAddedTwice(ctx context.Context, number int64) (string, error) {
	tab, err := s.filled(ctx, int(number), 1)
	if err != nil {
		return "", err
	}
	other := s.tab(tab)
	failures := atOnce(func() error { return tab.Add(ctx, 7, 1) }, func() error { return other.Add(ctx, 7, 1) })
	if err := errors.Join(failures...); err != nil {
		return "", err
	}
	lines, err := tab.Lines(ctx)
	if lines[7] != 2 || lines[1] != 1 || len(lines) != 2 {
		return fmt.Sprintf("the cart has %v", lines), err
	}
	return "", err
}
