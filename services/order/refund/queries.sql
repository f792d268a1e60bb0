-- name: LockOrder :one
-- What was paid for an order. The order's row is what everybody locks who gives back some of it.
SELECT p.id, p.identifier, p.checkout_id, p.session_id, y.currency, coalesce(y.payment_intent_id, '')::text AS payment_intent, y.total_minor
FROM purchase AS p JOIN purchase_payment AS y ON y.purchase_id = p.id
WHERE p.identifier = sqlc.arg(identifier)
FOR UPDATE OF p;

-- name: LockOrderOfPayment :one
SELECT p.id, p.identifier, p.checkout_id, p.session_id, y.currency, coalesce(y.payment_intent_id, '')::text AS payment_intent, y.total_minor
FROM purchase AS p JOIN purchase_payment AS y ON y.purchase_id = p.id
WHERE y.payment_intent_id = sqlc.arg(payment_intent)::text
FOR UPDATE OF p;

-- name: LockExceptionOfPayment :one
-- A payment that became no order: the oldest of its exceptions stands for it.
SELECT id, checkout_id, session_id, reference, currency, payment_intent, total_minor
FROM payment_exception
WHERE payment_intent = sqlc.arg(payment_intent) AND payment_intent <> ''
ORDER BY id LIMIT 1
FOR UPDATE;

-- name: LockCheckoutsOfPayment :many
-- Of which an order may just be made. No key lock: what has the checkout as a foreign key need not wait.
SELECT id FROM checkout
WHERE id IN (
    SELECT e.checkout_id FROM payment_exception AS e WHERE e.payment_intent = sqlc.arg(payment_intent) AND e.payment_intent <> ''
    UNION
    SELECT c.id FROM payment_exception AS e JOIN checkout AS c ON c.reference = e.reference
    WHERE e.payment_intent = sqlc.arg(payment_intent) AND e.payment_intent <> ''
)
ORDER BY id
FOR NO KEY UPDATE;

-- name: LockException :one
SELECT order_identifier, noticed_at, resolved_at FROM payment_exception WHERE id = sqlc.arg(id) FOR UPDATE;

-- name: FindPurchase :one
SELECT id FROM purchase WHERE identifier = sqlc.arg(identifier);

-- name: FindRefund :one
SELECT sqlc.embed(refund), coalesce(purchase.identifier, '')::text AS order_identifier
FROM refund LEFT JOIN purchase ON purchase.id = refund.purchase_id
WHERE refund.id = sqlc.arg(id);

-- name: FindRefundOfPurchaseByKey :one
SELECT * FROM refund WHERE purchase_id = sqlc.arg(purchase_id)::bigint AND key = sqlc.arg(key);

-- name: FindRefundOfExceptionByKey :one
SELECT * FROM refund WHERE exception_id = sqlc.arg(exception_id)::bigint AND key = sqlc.arg(key);

-- name: ListRefundsOfPurchase :many
SELECT * FROM refund WHERE purchase_id = sqlc.arg(purchase_id)::bigint ORDER BY id;

-- name: ListRefundsOfIntent :many
-- The payment is locked by the caller.
SELECT * FROM refund WHERE payment_intent = sqlc.arg(payment_intent) ORDER BY id;

-- name: SumRefunds :one
-- All that may go back, and what Stripe has taken on of it.
SELECT coalesce(sum(amount_minor), 0)::bigint AS promised_minor,
       coalesce(sum(amount_minor) FILTER (WHERE refund_id IS NOT NULL), 0)::bigint AS given_minor
FROM refund WHERE payment_intent = sqlc.arg(payment_intent) AND state <> 'failed';

-- name: InsertRefund :one
INSERT INTO refund (key, request, purchase_id, exception_id, payment_intent, amount_minor, currency, state, requested_by, note, requested_at, next_check_at)
VALUES (sqlc.arg(key), sqlc.arg(request), sqlc.narg(purchase_id), sqlc.narg(exception_id), sqlc.arg(payment_intent), sqlc.arg(amount_minor),
        sqlc.arg(currency), 'pending', sqlc.arg(requested_by), sqlc.arg(note), sqlc.arg(requested_at), sqlc.arg(next_check_at)::timestamptz)
RETURNING *;

-- name: ReviveRefund :one
-- Stripe refused it, and is asked again.
UPDATE refund
SET state = 'pending', failure = '', checks = 0, settled_at = NULL, requested_at = sqlc.arg(now), next_check_at = sqlc.arg(next_check_at)::timestamptz,
    requested_by = sqlc.arg(requested_by), note = sqlc.arg(note)
WHERE id = sqlc.arg(id)
RETURNING *;

-- name: ForgetRestock :exec
DELETE FROM purchase_restock WHERE refund_id = sqlc.arg(refund_id)::bigint AND restocked_at IS NULL;

-- name: TakeOnRefund :exec
-- What Stripe answered for the first time. A refund that is still under way is asked about later, as events can get lost.
UPDATE refund
SET refund_id = sqlc.arg(refund_id)::text, state = sqlc.arg(state)::text, failure = sqlc.arg(failure), checks = 0,
    settled_at = CASE WHEN sqlc.arg(state)::text <> 'pending' THEN sqlc.arg(now)::timestamptz END,
    next_check_at = CASE WHEN sqlc.arg(state)::text = 'pending' THEN sqlc.arg(next_check_at)::timestamptz END
WHERE id = sqlc.arg(id);

-- name: SettleRefund :exec
UPDATE refund SET state = sqlc.arg(state)::text, failure = sqlc.arg(failure), settled_at = sqlc.arg(now)::timestamptz, next_check_at = NULL
WHERE id = sqlc.arg(id) AND sqlc.arg(state)::text <> 'pending';

-- name: ForgetDouble :execrows
-- The same refund of Stripe's, learnt while it was not known to be ours.
DELETE FROM refund WHERE refund_id = sqlc.arg(refund_id)::text AND id <> sqlc.arg(id) AND key = 'stripe/' || sqlc.arg(refund_id)::text;

-- name: ClaimDueRefund :one
-- Sets the next time at once, so that another process, or this one after a crash, leaves it alone until then.
WITH due AS (
    SELECT refund.id FROM refund WHERE refund.next_check_at <= sqlc.arg(now)::timestamptz
    ORDER BY refund.next_check_at LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE refund
SET checks = refund.checks + 1,
    next_check_at = sqlc.arg(now)::timestamptz + make_interval(secs => least(sqlc.arg(first_seconds)::float8 * power(2, least(refund.checks + 1, 20)), 3600))
FROM due
WHERE refund.id = due.id
RETURNING refund.id, refund.payment_intent, (refund.refund_id IS NOT NULL)::boolean AS taken_on;

-- name: ListRestockable :many
-- What was bought and is not on its way back to the shelf. Goods of a refund that Stripe never took on do not count.
SELECT l.sku_id, (l.quantity - coalesce(sum(b.quantity), 0))::integer AS quantity
FROM purchase_line AS l
LEFT JOIN LATERAL (
    SELECT r.quantity FROM purchase_restock AS r LEFT JOIN refund AS f ON f.id = r.refund_id
    WHERE r.purchase_id = l.purchase_id AND r.sku_id = l.sku_id AND (r.restocked_at IS NOT NULL OR f.state = 'pending')
) AS b ON true
WHERE l.purchase_id = sqlc.arg(purchase_id)
GROUP BY l.purchase_id, l.position, l.sku_id, l.quantity
ORDER BY l.sku_id;

-- name: InsertRestock :exec
INSERT INTO purchase_restock (purchase_id, refund_id, sku_id, quantity, restocked_at)
VALUES (sqlc.arg(purchase_id), sqlc.narg(refund_id), sqlc.arg(sku_id), sqlc.arg(quantity), sqlc.narg(restocked_at));

-- name: TakeRestock :many
-- The goods that go back with a refund, once.
UPDATE purchase_restock SET restocked_at = sqlc.arg(now)::timestamptz
WHERE refund_id = sqlc.arg(refund_id)::bigint AND restocked_at IS NULL
RETURNING sku_id, quantity;

-- name: ListFailedRefunds :many
SELECT key, amount_minor, failure FROM refund WHERE payment_intent = sqlc.arg(payment_intent) AND state = 'failed' ORDER BY settled_at, id;

-- name: LowerProposedRefund :exec
-- Nobody should give back what was given back already.
UPDATE payment_exception SET proposed_refund_minor = least(proposed_refund_minor, sqlc.arg(left_minor)::bigint)
WHERE payment_intent = sqlc.arg(payment_intent) AND resolved_at IS NULL AND reason <> 'dispute';

-- name: LowerProposedByDispute :exec
-- What the customer's bank takes, or has taken, should not go back as well. Of a dispute that may still be won, only what can be
-- proposed again is lowered.
UPDATE payment_exception SET proposed_refund_minor = least(proposed_refund_minor, sqlc.arg(left_minor)::bigint)
WHERE payment_intent = sqlc.arg(payment_intent) AND resolved_at IS NULL AND reason <> 'dispute' AND (reason = 'refund-failed' OR sqlc.arg(lost)::boolean);

-- name: SumDisputes :one
-- What disputes take, or have taken, but for those that left us the money.
SELECT coalesce(sum(amount_minor), 0)::bigint FROM dispute
WHERE payment_intent = sqlc.arg(payment_intent) AND NOT status = ANY(sqlc.arg(over_well)::text[]);

-- name: ProposeFailedRefunds :exec
-- All that failed since people were told, but for what was tried to make it good; at least the last one, and no more than is left.
UPDATE payment_exception AS e
SET proposed_refund_minor = least(sqlc.arg(left_minor)::bigint, greatest(sqlc.arg(amount_minor)::bigint, (
    SELECT coalesce(sum(r.amount_minor), 0) FROM refund AS r
    WHERE r.payment_intent = sqlc.arg(payment_intent) AND r.state = 'failed' AND r.settled_at >= e.noticed_at
      AND NOT (split_part(r.key, '/', 1) = 'exception' AND split_part(r.key, '/', 2) = e.id::text AND r.requested_at >= e.noticed_at)
)::bigint))
WHERE e.session_id = sqlc.arg(session_id) AND e.reason = 'refund-failed' AND e.resolved_at IS NULL;

-- name: ResolveException :execrows
-- By a refund of this time that it is open.
UPDATE payment_exception SET resolved_at = sqlc.arg(now)::timestamptz, resolved_by = sqlc.arg(resolved_by)::text, resolution = sqlc.arg(resolution)::text
WHERE id = sqlc.arg(id) AND resolved_at IS NULL AND noticed_at <= sqlc.arg(requested_at);

-- name: ResolveExceptionsOfPayment :exec
UPDATE payment_exception SET resolved_at = sqlc.arg(now)::timestamptz, resolved_by = sqlc.arg(resolved_by)::text, resolution = sqlc.arg(resolution)::text
WHERE payment_intent = sqlc.arg(payment_intent) AND reason = ANY(sqlc.arg(reasons)::text[]) AND resolved_at IS NULL;

-- name: TellMoreOfException :exec
-- An exception that nobody resolved yet says how things are now.
UPDATE payment_exception SET detail = sqlc.arg(detail)
WHERE session_id = sqlc.arg(session_id) AND reason = sqlc.arg(reason) AND resolved_at IS NULL AND detail <> sqlc.arg(detail);

-- name: ListDisputesOfIntent :many
SELECT * FROM dispute WHERE payment_intent = sqlc.arg(payment_intent) ORDER BY opened_at, dispute_id;

-- name: KeepDispute :one
-- A dispute that is closed stays closed, whatever an older answer of Stripe's says. isnew: nobody knew of it.
INSERT INTO dispute (dispute_id, purchase_id, payment_intent, amount_minor, currency, reason, status, opened_at, updated_at, closed_at)
VALUES (sqlc.arg(dispute_id), sqlc.narg(purchase_id), sqlc.arg(payment_intent), sqlc.arg(amount_minor), sqlc.arg(currency), sqlc.arg(reason), sqlc.arg(status),
        sqlc.arg(opened_at), sqlc.arg(now), sqlc.narg(closed_at))
ON CONFLICT (dispute_id) DO UPDATE
SET amount_minor = excluded.amount_minor, reason = excluded.reason, updated_at = excluded.updated_at,
    status = CASE WHEN dispute.closed_at IS NULL THEN excluded.status ELSE dispute.status END,
    closed_at = coalesce(dispute.closed_at, excluded.closed_at)
RETURNING (xmax = 0)::boolean AS isnew;
