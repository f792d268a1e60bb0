-- name: NoteException :execrows
INSERT INTO payment_exception (
    session_id, reason, reference, checkout_id, order_identifier, payment_intent, expected_minor, currency,
    subtotal_minor, discount_minor, tax_minor, shipping_minor, total_minor, email, proposed_refund_minor, detail, noticed_at
) VALUES (
    sqlc.arg(session_id), sqlc.arg(reason), sqlc.arg(reference), sqlc.narg(checkout_id), sqlc.arg(order_identifier), sqlc.arg(payment_intent), sqlc.narg(expected_minor), sqlc.arg(currency),
    sqlc.arg(subtotal_minor), sqlc.arg(discount_minor), sqlc.arg(tax_minor), sqlc.arg(shipping_minor), sqlc.arg(total_minor), sqlc.arg(email), sqlc.arg(proposed_refund_minor), sqlc.arg(detail), sqlc.arg(noticed_at)
)
ON CONFLICT (session_id, reason) DO UPDATE
SET detail = excluded.detail, noticed_at = excluded.noticed_at, proposed_refund_minor = excluded.proposed_refund_minor,
    resolved_at = NULL, resolved_by = NULL, resolution = NULL
WHERE payment_exception.resolved_at IS NOT NULL AND payment_exception.detail <> excluded.detail;

-- name: FindException :one
SELECT * FROM payment_exception WHERE id = sqlc.arg(id);

-- name: LockException :one
SELECT * FROM payment_exception WHERE id = sqlc.arg(id) FOR UPDATE;

-- name: ListExceptions :many
SELECT * FROM payment_exception
WHERE resolved_at IS NULL OR sqlc.arg(resolved_too)::boolean
ORDER BY noticed_at DESC, id DESC
LIMIT sqlc.arg(most);

-- name: CountExceptions :one
SELECT count(*) FROM payment_exception WHERE resolved_at IS NULL OR sqlc.arg(resolved_too)::boolean;

-- name: ResolveException :one
UPDATE payment_exception
SET resolved_at = sqlc.arg(now)::timestamptz, resolved_by = sqlc.arg(resolved_by)::text, resolution = sqlc.arg(resolution)::text
WHERE id = sqlc.arg(id)
RETURNING *;

-- name: WasRefunded :one
-- By the keys under which package refund gives back for an exception, since it was noticed (again). A refund that failed gave nothing back.
SELECT EXISTS (
    SELECT FROM refund
    WHERE payment_intent = sqlc.arg(payment_intent) AND state <> 'failed' AND requested_at >= sqlc.arg(since)
      AND split_part(key, '/', 1) = 'exception' AND split_part(key, '/', 2) = sqlc.arg(id)::bigint::text
);

-- name: WasNoted :one
-- Whether the books of what operators did have this since the exception was noticed (again).
SELECT EXISTS (
    SELECT FROM operator_action
    WHERE command = sqlc.arg(command) AND subject = sqlc.arg(subject) AND done_at >= sqlc.arg(since)::timestamptz
);

-- name: ResolveByOrder :exec
UPDATE payment_exception SET resolved_at = sqlc.arg(now)::timestamptz, resolved_by = 'shop', resolution = sqlc.arg(resolution)::text, order_identifier = sqlc.arg(order_identifier)
WHERE session_id = sqlc.arg(session_id) AND reason = 'paid-without-order' AND resolved_at IS NULL;

-- name: ListWhom :many
-- Whom to answer about payments that are no order, and the checkout that they were for. Personal.
SELECT x.id, coalesce(nullif(x.email, ''), c.email, '')::text AS email, c.id AS checkout_id
FROM payment_exception AS x
LEFT JOIN checkout AS c ON c.id = x.checkout_id OR x.checkout_id IS NULL AND c.reference = x.reference
WHERE x.id = ANY(sqlc.arg(ids)::bigint[]) AND x.order_identifier = ''
ORDER BY x.id;

-- name: ListGoods :many
SELECT checkout_id, sku_id, quantity, price_minor, product_title, coalesce(color, '')::text AS color, coalesce(size, '')::text AS size
FROM checkout_line
WHERE checkout_id = ANY(sqlc.arg(checkout_ids)::bigint[])
ORDER BY checkout_id, position;

-- name: ListGivenBack :many
-- By the keys under which package refund gives back for an exception; what was given back of a payment otherwise counts for the
-- exception that stands for it.
SELECT x.id, sum(r.amount_minor)::bigint AS given_minor
FROM payment_exception AS x
JOIN refund AS r ON r.payment_intent = x.payment_intent AND r.state <> 'failed'
 AND CASE WHEN split_part(r.key, '/', 1) = 'exception' THEN split_part(r.key, '/', 2) = x.id::text ELSE r.exception_id = x.id END
WHERE x.id = ANY(sqlc.arg(ids)::bigint[]) AND x.payment_intent <> ''
GROUP BY x.id;
