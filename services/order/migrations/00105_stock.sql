-- +goose Up

SET LOCAL lock_timeout = '3s';

-- How many pieces of a SKU are there; a SKU without a row is not counted. What open checkouts have promised is not taken
-- off: it is the sum of their lines.
CREATE TABLE stock (
    sku_id     bigint PRIMARY KEY REFERENCES sku (id) ON DELETE CASCADE,
    on_hand    integer NOT NULL CHECK (on_hand >= 0),
    updated_at timestamptz NOT NULL
);

-- Every change, so that the count can be proven. Without foreign keys: what was sold was sold.
CREATE TABLE stock_movement (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku_id           bigint NOT NULL,
    change           integer NOT NULL,
    on_hand_after    integer NOT NULL CHECK (on_hand_after >= 0),
    reason           text NOT NULL CHECK (reason IN ('set', 'sold', 'restocked')),
    order_identifier text NOT NULL DEFAULT '',
    moved_by         text NOT NULL DEFAULT '',
    moved_at         timestamptz NOT NULL
);
CREATE INDEX stock_movement_of_sku ON stock_movement (sku_id, id);

-- The catalogue shows what has run out as out of stock. It need not hear of every piece that is sold.
CREATE TRIGGER catalogue_changed AFTER INSERT OR DELETE OR TRUNCATE ON stock
    FOR EACH STATEMENT EXECUTE FUNCTION notify_catalogue();
CREATE TRIGGER catalogue_ran_out AFTER UPDATE ON stock
    FOR EACH ROW WHEN ((OLD.on_hand = 0) <> (NEW.on_hand = 0)) EXECUTE FUNCTION notify_catalogue();

-- What is promised is summed over the few checkouts that may still be paid.
-- migrationlint:allow index-locks because the first release brings this with its empty table; on a large one, writers would wait for the whole build
CREATE INDEX checkout_unsettled ON checkout (id) WHERE state IN ('open', 'superseded');

-- +goose Down
DROP INDEX checkout_unsettled;
DROP TABLE stock_movement, stock;
