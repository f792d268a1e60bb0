package chaos

import (
	"context"
	"fmt"
)

// shelved is a counted SKU: what was there at first and by later counts, what moved, what is there, and what orders say was sold.
type shelved struct {
	SkuID                              int64
	Set, Sold, Restocked, OnHand, Lows int64
	Ordered                            int64
}

const shelves = `SELECT s.sku_id,
	coalesce(sum(m.change) FILTER (WHERE m.reason = 'set'), 0)::bigint, coalesce(-sum(m.change) FILTER (WHERE m.reason = 'sold'), 0)::bigint,
	coalesce(sum(m.change) FILTER (WHERE m.reason = 'restocked'), 0)::bigint, s.on_hand::bigint,
	count(*) FILTER (WHERE m.on_hand_after < 0),
	(SELECT coalesce(sum(l.quantity), 0)::bigint FROM orders.purchase_line l WHERE l.sku_id = s.sku_id)
	FROM orders.stock s LEFT JOIN orders.stock_movement m ON m.sku_id = s.sku_id GROUP BY s.sku_id, s.on_hand ORDER BY s.sku_id`

// checkShelves: initial - sold + restocked = on hand, never negative, and sold is what is in the orders.
func (s *Shop) checkShelves(ctx context.Context, found *books) ([]shelved, error) {
	counted, err := query[shelved](ctx, s, shelves)
	if err != nil {
		return nil, fmt.Errorf("read stock: %w", err)
	}
	for _, one := range counted {
		if one.Set-one.Sold+one.Restocked != one.OnHand || one.OnHand < 0 || one.Lows > 0 {
			found.complain("stock of SKU %d: %d - %d sold + %d restocked is not %d", one.SkuID, one.Set, one.Sold, one.Restocked, one.OnHand)
		}
		if one.Sold != one.Ordered {
			found.complain("stock of SKU %d: %d sold, %d in orders", one.SkuID, one.Sold, one.Ordered)
		}
	}
	return counted, nil
}

// checkCodes: a code is not used more often than it may be.
func (s *Shop) checkCodes(ctx context.Context, found *books) (used int, err error) {
	used, err = s.count(ctx, "SELECT count(*) FROM orders.purchase_discount WHERE code = $1 AND applied", s.goods.few)
	if err == nil && used > fewTimes {
		found.complain("code %s was used %d times of %d", s.goods.few, used, fewTimes)
	}
	return used, err
}
