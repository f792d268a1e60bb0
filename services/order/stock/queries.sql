-- name: LockStock :many
SELECT sku_id, on_hand FROM stock WHERE sku_id = ANY(@sku_ids::bigint[]) ORDER BY sku_id FOR UPDATE;

-- name: MoveStock :execrows
WITH moved AS (
    UPDATE stock SET on_hand = on_hand + @change::integer, updated_at = @at::timestamptz WHERE stock.sku_id = @sku_id::bigint
    RETURNING stock.sku_id, stock.on_hand
)
INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, order_identifier, moved_by, moved_at)
SELECT moved.sku_id, @change::integer, moved.on_hand, @reason, @order_identifier, @moved_by, @at::timestamptz FROM moved;

-- name: SetStock :exec
-- The lock makes the change that is noted the one that happened.
WITH before AS (
    SELECT on_hand FROM stock WHERE stock.sku_id = @sku_id::bigint FOR UPDATE
), counted AS (
    INSERT INTO stock (sku_id, on_hand, updated_at) VALUES (@sku_id::bigint, @on_hand::integer, @at::timestamptz)
    ON CONFLICT (sku_id) DO UPDATE SET on_hand = EXCLUDED.on_hand, updated_at = EXCLUDED.updated_at
    RETURNING stock.sku_id, stock.on_hand
)
INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, moved_by, moved_at)
SELECT counted.sku_id, counted.on_hand - coalesce((SELECT before.on_hand FROM before), 0), counted.on_hand, 'set', @moved_by, @at::timestamptz
FROM counted;

-- name: StopCounting :exec
WITH gone AS (
    DELETE FROM stock WHERE stock.sku_id = @sku_id::bigint RETURNING stock.sku_id, stock.on_hand
)
INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, moved_by, moved_at)
SELECT gone.sku_id, -gone.on_hand, 0, 'set', @moved_by, @at::timestamptz FROM gone;
