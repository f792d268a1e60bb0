package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

const (
	buyers = 12
	pieces = 5
)

// shelvesOf puts up a SKU with so many pieces for every round.
func shelvesOf(stock int) func(context.Context, *Shop, int) (int64, error) {
	return func(ctx context.Context, s *Shop, rounds int) (int64, error) { return s.sellMany(ctx, rounds, stock) }
}

// sellMany puts new SKUs up, counted when stock is above 0, and answers the number of the first.
func (s *Shop) sellMany(ctx context.Context, many, stock int) (int64, error) {
	base := raceGoods + s.numbers.Add(int64(many)) - int64(many)
	const offered = `WITH product AS (
			INSERT INTO orders.product (id, identifier, title, title_url)
			SELECT n, 'chaos' || n, 'Thing ' || n, 'Thing' FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS n RETURNING id
		), image AS (
			INSERT INTO orders.product_image (product_id, image_url, main_image) SELECT id, '/img/product/thing.jpg', true FROM product
		), sku AS (
			INSERT INTO orders.sku (id, product_id, sku_type_id, inventory_id) SELECT id, id, 1, 1 FROM product RETURNING id
		), counted AS (
			INSERT INTO orders.stock (sku_id, on_hand, updated_at) SELECT id, $3::integer, now() FROM sku WHERE $3::integer > 0
		), moved AS (
			INSERT INTO orders.stock_movement (sku_id, change, on_hand_after, reason, moved_by, moved_at)
			SELECT id, $3::integer, $3::integer, 'set', 'chaos', now() FROM sku WHERE $3::integer > 0
		) INSERT INTO orders.sku_price (sku_id, price_minor, valid_from) SELECT id, 435, now() - interval '1 day' FROM sku`
	if _, err := s.books.Exec(ctx, offered, base, many, stock); err != nil {
		return 0, fmt.Errorf("sell %d things: %w", many, err)
	}
	return base, s.awaitSale(ctx, base+int64(many)-1)
}

// crowd are guests with one piece in the cart each.
func (s *Shop) crowd(ctx context.Context, sku int64, many int) ([]*shopper.Shopper, error) {
	guests := make([]*shopper.Shopper, many)
	for i := range guests {
		guest, err := s.visitor(i)
		if err != nil {
			return nil, err
		}
		// The instances of the order service learn of new goods one after the other.
		err = until(ctx, 10*time.Second, func(ctx context.Context) (bool, error) {
			err := guest.Add(ctx, sku, 1)
			if shopper.CodeOf(err) == "sku-not-found" {
				return false, nil
			}
			return err == nil, err
		})
		if err != nil {
			return nil, err
		}
		guests[i] = guest
	}
	return guests, nil
}

// pressPay lets all press pay at once; the pages of those who were refused are empty.
func pressPay(ctx context.Context, guests []*shopper.Shopper) (pages []shopper.Payment, refusals []error) {
	pages = make([]shopper.Payment, len(guests))
	acts := make([]func() error, len(guests))
	for i, guest := range guests {
		acts[i] = func() (err error) {
			pages[i], err = guest.CheckOut(ctx)
			return err
		}
	}
	return pages, atOnce(acts...)
}

// raceFivePieces: twelve press pay at once for five pieces. Five get a payment page, seven are told so; the five pay.
func (s *Shop) raceFivePieces(ctx context.Context, sku int64) (string, error) {
	guests, err := s.crowd(ctx, sku, buyers)
	if err != nil {
		return "", err
	}
	pages, refusals := pressPay(ctx, guests)
	var sessions []string
	refused := 0
	for i, refusal := range refusals {
		if shopper.CodeOf(refusal) == "sku-not-available" {
			refused++
			continue
		}
		if refusal != nil {
			return fmt.Sprint("refused with ", refusal), nil
		}
		status, err := guests[i].Pay(ctx, pages[i].Page, shopper.GoodCard, "")
		if err != nil || status != http.StatusSeeOther {
			return fmt.Sprint("the payment page answered ", status), err
		}
		sessions = append(sessions, pages[i].Session)
	}
	orders, sold, err := s.bought(ctx, sku, sessions)
	if refused != buyers-pieces || orders != pieces || sold != pieces {
		return fmt.Sprintf("%d payment pages, %d refusals, %d orders of %d pieces", len(sessions), refused, orders, sold), err
	}
	return "", err
}

// raceCutStock: twelve are on the payment page when the stock turns out to be five. All pay: five orders, and seven exceptions that
// propose to give the money back.
func (s *Shop) raceCutStock(ctx context.Context, sku int64) (string, error) {
	guests, err := s.crowd(ctx, sku, buyers)
	if err != nil {
		return "", err
	}
	pages, refusals := pressPay(ctx, guests)
	for _, refusal := range refusals {
		if refusal != nil {
			return fmt.Sprint("refused with ", refusal), nil
		}
	}
	if err := s.setStock(ctx, sku, pieces); err != nil {
		return "", err
	}
	var taken atomic.Int32
	acts, sessions := make([]func() error, buyers), make([]string, buyers)
	for i, guest := range guests {
		sessions[i] = pages[i].Session
		acts[i] = func() error {
			status, err := guest.Pay(ctx, pages[i].Page, shopper.GoodCard, "")
			if status == http.StatusSeeOther {
				taken.Add(1)
			}
			_, _ = guest.Arrive(ctx, pages[i].Session) // seven are told that somebody will look at it
			return err
		}
	}
	for _, failure := range atOnce(acts...) {
		if failure != nil {
			return "", failure
		}
	}
	orders, sold, err := s.bought(ctx, sku, sessions)
	if err != nil {
		return "", err
	}
	excepted, err := s.count(ctx, `SELECT count(*) FROM orders.payment_exception
		WHERE session_id = ANY($1) AND reason = 'out-of-stock' AND proposed_refund_minor = total_minor AND total_minor > 0`, sessions)
	if taken.Load() != buyers || orders != pieces || sold != pieces || excepted != buyers-pieces {
		return fmt.Sprintf("%d paid: %d orders of %d pieces, %d exceptions", taken.Load(), orders, sold, excepted), err
	}
	return "", err
}
