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

-- name: ShowOrder :one
-- What operators need to know besides what the customer sees.
SELECT p.id, p.account_id, p.customer_name, p.email, p.session_id, p.currency, p.confirmation_accepted_at, p.anonymised_at,
       coalesce(y.payment_intent_id, '')::text AS payment_intent, y.total_minor, c.reference,
       coalesce((SELECT a.phone FROM purchase_address AS a WHERE a.purchase_id = p.id AND a.kind = 'shipping'), '')::text AS phone
FROM purchase AS p
JOIN purchase_payment AS y ON y.purchase_id = p.id
JOIN checkout AS c ON c.id = p.checkout_id
WHERE p.identifier = sqlc.arg(identifier);

-- name: ShowStatuses :many
SELECT identifier, description, set_at, set_by, notice_accepted_at FROM purchase_status WHERE purchase_id = sqlc.arg(purchase_id) ORDER BY id;

-- name: ShowRefunds :many
SELECT key, amount_minor, currency, state, coalesce(refund_id, '')::text AS refund_id, failure, requested_by, note, requested_at FROM refund
WHERE purchase_id = sqlc.arg(purchase_id)::bigint ORDER BY id;

-- name: ShowRestocked :many
SELECT sku_id, sum(quantity)::bigint AS quantity FROM purchase_restock
WHERE purchase_id = sqlc.arg(purchase_id) AND restocked_at IS NOT NULL GROUP BY sku_id ORDER BY sku_id;

-- name: ShowExceptions :many
SELECT id, reason, detail, coalesce(resolution, '')::text AS resolution, (resolved_at IS NOT NULL)::boolean AS resolved
FROM payment_exception AS x
WHERE x.order_identifier = sqlc.arg(order_identifier) AND x.order_identifier <> '' OR x.session_id = sqlc.arg(session_id)
ORDER BY x.id;

-- name: ListStatuses :many
SELECT identifier FROM status ORDER BY identifier;
