-- name: LockStock :many
SELECT sku_id, on_hand FROM stock WHERE sku_id = ANY(@sku_ids::bigint[]) ORDER BY sku_id FOR UPDATE;

-- name: MovePieces :execrows
-- Many SKUs at once; their rows are locked.
WITH pieces AS (
    SELECT unnest(@sku_ids::bigint[]) AS sku_id, unnest(@changes::integer[]) AS change
), moved AS (
    UPDATE stock SET on_hand = stock.on_hand + pieces.change, updated_at = @at::timestamptz FROM pieces WHERE stock.sku_id = pieces.sku_id
    RETURNING stock.sku_id, stock.on_hand, pieces.change
)
INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, order_identifier, moved_by, moved_at)
SELECT moved.sku_id, moved.change, moved.on_hand, @reason, @order_identifier, @moved_by, @at::timestamptz FROM moved;

-- name: MoveStock :execrows
WITH moved AS (
    UPDATE stock SET on_hand = on_hand + @change::integer, updated_at = @at::timestamptz WHERE stock.sku_id = @sku_id::bigint
    RETURNING stock.sku_id, stock.on_hand
)
INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, order_identifier, moved_by, moved_at)
SELECT moved.sku_id, @change::integer, moved.on_hand, @reason, @order_identifier, @moved_by, @at::timestamptz FROM moved;

-- name: BeginCounting :exec
INSERT INTO stock (sku_id, on_hand, updated_at) VALUES (@sku_id, 0, @at) ON CONFLICT (sku_id) DO NOTHING;

-- name: StopCounting :exec
WITH gone AS (
    DELETE FROM stock WHERE stock.sku_id = @sku_id::bigint RETURNING stock.sku_id, stock.on_hand
)
INSERT INTO stock_movement (sku_id, change, on_hand_after, reason, moved_by, moved_at)
SELECT gone.sku_id, -gone.on_hand, 0, 'set', @moved_by, @at::timestamptz FROM gone;

-- A SKU with its price in force, -1 when it has none, what is counted of it, null when it is not, and what customers at the
-- payment page may still buy (as in checkout/queries.sql, PromisedPieces).
-- name: ListStock :many
SELECT sku.id AS sku_id, product.title, coalesce(sku.color, '') AS color, coalesce(sku.size, '') AS size, coalesce(sku.description, '') AS description,
       inventory.identifier AS inventory_identifier,
       coalesce((SELECT sku_price.price_minor FROM sku_price WHERE sku_price.sku_id = sku.id AND sku_price.valid_from <= @at::timestamptz
        ORDER BY sku_price.valid_from DESC LIMIT 1), -1)::bigint AS price_minor,
       stock.on_hand, coalesce(promised.pieces, 0)::bigint AS promised
FROM sku
JOIN product ON product.id = sku.product_id
JOIN inventory ON inventory.id = sku.inventory_id
LEFT JOIN stock ON stock.sku_id = sku.id
LEFT JOIN (
    SELECT checkout_line.sku_id, sum(checkout_line.quantity) AS pieces
    FROM checkout JOIN checkout_line ON checkout_line.checkout_id = checkout.id
    WHERE checkout.state IN ('open', 'superseded') AND (checkout.state = 'open' OR checkout.session_id IS NOT NULL)
    GROUP BY checkout_line.sku_id
) AS promised ON promised.sku_id = sku.id
WHERE sqlc.narg(sku_id)::bigint IS NULL OR sku.id = sqlc.narg(sku_id)::bigint
ORDER BY sku.id;
