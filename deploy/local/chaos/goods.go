package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// goods are what is sold besides the demo goods.
type goods struct {
	// free are SKUs that nobody counts, counted those with a number; some of these run out.
	free, counted []int64
	// codes are discount codes that can be used without end; few can be used fewTimes in all.
	codes []string
	few   string
}

const (
	fewTimes = 15
	// newGoods is where the numbers of new SKUs begin.
	newGoods = 1000
	// raceGoods is where those of the races begin.
	raceGoods = 100_000
)

// prices are those at which other shops lose a cent (contract order.md 8).
func prices() []int64 { return []int64{1999, 435, 820, 1798, 6499, 115, 29, 333} }

// stockUp puts goods and codes into the shop, and waits until both instances of the order service sell them.
func (s *Shop) stockUp(ctx context.Context) error {
	for i, price := range prices() {
		id := int64(newGoods + i)
		if err := s.sell(ctx, id, price); err != nil {
			return err
		}
		if i < 5 {
			s.goods.free = append(s.goods.free, id)
			continue
		}
		if err := s.setStock(ctx, id, []int{400, 60, 25}[i-5]); err != nil {
			return err
		}
		s.goods.counted = append(s.goods.counted, id)
	}
	s.goods.codes, s.goods.few = []string{"TENTH", "THREEOFF", "GROUND", "ALLOFF"}, "FEW"
	const codes = `INSERT INTO orders.discount_code (code, description, starts_at, ends_at, discount_type_id, amount_hundredths, order_minimum_minor, usage_limit, created_at)
		VALUES ('TENTH', '{}% off', now() - interval '1 day', now() + interval '1 day', 1, 1050, 0, NULL, now()),
		('THREEOFF', '${} off', now() - interval '1 day', now() + interval '1 day', 2, 333, 500, NULL, now()),
		('GROUND', 'ground shipping', now() - interval '1 day', now() + interval '1 day', 4, 0, 0, NULL, now()),
		('ALLOFF', 'all goods free', now() - interval '1 day', now() + interval '1 day', 1, 10000, 0, NULL, now()),
		('FEW', '{}% off for few', now() - interval '1 day', now() + interval '1 day', 1, 2500, 0, $1, now())`
	if _, err := s.books.Exec(ctx, codes, fewTimes); err != nil {
		return fmt.Errorf("make discount codes: %w", err)
	}
	return s.awaitSale(ctx, newGoods+int64(len(prices()))-1)
}

// sell puts one more SKU into the catalogue, in a product of its own.
func (s *Shop) sell(ctx context.Context, id, price int64) error {
	const product = `WITH product AS (
			INSERT INTO orders.product (id, identifier, title, title_url) VALUES ($1::bigint, 'chaos' || $1::bigint, 'Thing ' || $1::bigint, 'Thing') RETURNING id
		), image AS (
			INSERT INTO orders.product_image (product_id, image_url, main_image) SELECT id, '/img/product/thing.jpg', true FROM product
		), sku AS (
			INSERT INTO orders.sku (id, product_id, sku_type_id, inventory_id) SELECT id, id, 1, 1 FROM product RETURNING id
		) INSERT INTO orders.sku_price (sku_id, price_minor, valid_from) SELECT id, $2, now() - interval '1 day' FROM sku`
	if _, err := s.books.Exec(ctx, product, id, price); err != nil {
		return fmt.Errorf("sell SKU %d: %w", id, err)
	}
	return nil
}

// setStock counts a SKU as an operator does (services/order/stock).
func (s *Shop) setStock(ctx context.Context, sku int64, pieces int) error {
	return s.recount(ctx, sku, func(int) int { return pieces })
}

// lose counts a SKU once more and finds fewer pieces than there should be.
func (s *Shop) lose(ctx context.Context, sku int64, pieces int) error {
	return s.recount(ctx, sku, func(before int) int { return max(0, before-pieces) })
}

func (s *Shop) recount(ctx context.Context, sku int64, found func(before int) int) error {
	return pgx.BeginFunc(ctx, s.books, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO orders.stock (sku_id, on_hand, updated_at) VALUES ($1, 0, now()) ON CONFLICT (sku_id) DO NOTHING", sku); err != nil {
			return fmt.Errorf("count SKU %d: %w", sku, err)
		}
		var before int
		if err := tx.QueryRow(ctx, "SELECT on_hand FROM orders.stock WHERE sku_id = $1 FOR UPDATE", sku).Scan(&before); err != nil {
			return fmt.Errorf("lock the stock of SKU %d: %w", sku, err)
		}
		const set = `WITH counted AS (UPDATE orders.stock SET on_hand = $2, updated_at = now() WHERE sku_id = $1)
			INSERT INTO orders.stock_movement (sku_id, change, on_hand_after, reason, moved_by, moved_at) VALUES ($1, $2 - $3, $2, 'set', 'chaos', now())`
		_, err := tx.Exec(ctx, set, sku, found(before), before)
		return err
	})
}

// setPrice changes what a SKU costs from now on.
func (s *Shop) setPrice(ctx context.Context, sku, price int64) error {
	_, err := s.books.Exec(ctx, "INSERT INTO orders.sku_price (sku_id, price_minor, valid_from) VALUES ($1, $2, clock_timestamp())", sku, price)
	return err
}

// awaitSale waits until a SKU is in the catalogue of every gateway.
func (s *Shop) awaitSale(ctx context.Context, sku int64) error {
	for gateway := range s.gateways {
		browser, err := s.visitor(gateway)
		if err != nil {
			return err
		}
		err = until(ctx, 15*time.Second, func(ctx context.Context) (bool, error) {
			said, err := browser.Get(ctx, fmt.Sprintf("/order/product/chaos%d", sku))
			return err == nil && said.Text("product") == "success", nil
		})
		if err != nil {
			return fmt.Errorf("SKU %d does not come into the catalogue: %w", sku, err)
		}
	}
	return nil
}
