-- name: LockPurchase :one
SELECT id, identifier FROM purchase WHERE identifier = sqlc.arg(identifier) FOR UPDATE;

-- name: ListHistory :many
-- The states that an order entered, newest first. The order's row is locked, so ids are in the order of the changes.
SELECT identifier FROM purchase_status WHERE purchase_id = sqlc.arg(purchase_id) ORDER BY id DESC;

-- name: IsStatus :one
SELECT EXISTS (SELECT FROM status WHERE identifier = sqlc.arg(identifier));

-- name: SetTrackingNumber :execrows
-- No row: it has that number already.
UPDATE purchase_shipping_method SET tracking_number = sqlc.arg(tracking_number)::text
WHERE purchase_id = sqlc.arg(purchase_id) AND tracking_number IS DISTINCT FROM sqlc.arg(tracking_number)::text;
