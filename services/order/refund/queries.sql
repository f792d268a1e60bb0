-- name: ListRefundsOfPurchase :many
SELECT * FROM refund WHERE purchase_id = sqlc.arg(purchase_id)::bigint ORDER BY id;
