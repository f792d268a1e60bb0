-- +goose Up

SET LOCAL lock_timeout = '3s';

-- 00104 spread the discounts of the orders that it found over their lines. The release before it may serve until it is stopped, after
-- the migrations, and writes orders without shares: those get them when they are committed, by the same rule (package discount,
-- Spread). A line without a share cannot be told from one whose share is 0, so that only an order all of whose shares are 0 is
-- spread; doing it again changes nothing. When no release without shares can run any more, trigger and functions may go.
-- +goose StatementBegin
CREATE FUNCTION spread_discount(orders bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE purchase_line SET discount_minor = spread.upto - spread.before
    FROM (SELECT l.purchase_id, l.position,
                 round(sum(l.price_minor * l.quantity) OVER through * p.item_discount_minor / p.item_subtotal_minor) AS upto,
                 round((sum(l.price_minor * l.quantity) OVER through - l.price_minor * l.quantity) * p.item_discount_minor / p.item_subtotal_minor) AS before
          FROM purchase_line l JOIN purchase p ON p.id = l.purchase_id
          WHERE p.id = ANY(orders) AND p.item_discount_minor > 0 AND p.item_subtotal_minor > 0
            AND NOT EXISTS (SELECT FROM purchase_line shared WHERE shared.purchase_id = p.id AND shared.discount_minor > 0)
          WINDOW through AS (PARTITION BY l.purchase_id ORDER BY l.position)) AS spread
    WHERE purchase_line.purchase_id = spread.purchase_id AND purchase_line.position = spread.position
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION spread_discount_of_purchase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM spread_discount(ARRAY[NEW.id]);
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- Deferred: the lines are written after their order. Making it waits for orders that are being written; the statement below sees them.
CREATE CONSTRAINT TRIGGER purchase_shares_its_discount AFTER INSERT ON purchase DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.item_discount_minor > 0) EXECUTE FUNCTION spread_discount_of_purchase();

-- migrationlint:allow cannot-judge because the first release brings this with its empty table; on a large one, the orders with a discount would be spread in one long transaction
SELECT spread_discount(ARRAY(SELECT id FROM purchase WHERE item_discount_minor > 0));

-- +goose Down
DROP TRIGGER purchase_shares_its_discount ON purchase;
DROP FUNCTION spread_discount_of_purchase;
DROP FUNCTION spread_discount;
