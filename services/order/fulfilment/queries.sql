-- name: LockPurchase :one
SELECT id, identifier FROM purchase WHERE identifier = sqlc.arg(identifier) FOR UPDATE;
