-- name: Reserve :one
-- Reserve writes the row before Stripe is asked; a second one for the reference changes nothing and answers no row.
INSERT INTO payment_session (reference, content_digest, currency, expected_total_minor, attempt_began_at, created_at, updated_at)
VALUES (@reference, @content_digest, @currency, @expected_total_minor, @now, @now, @now)
ON CONFLICT (reference) DO NOTHING
RETURNING *;

-- name: ByReference :one
SELECT * FROM payment_session WHERE reference = @reference;

-- name: BySessionID :one
SELECT * FROM payment_session WHERE session_id = @session_id::text;

-- name: ByPaymentIntent :one
SELECT * FROM payment_session WHERE payment_intent_id = @payment_intent_id::text ORDER BY id LIMIT 1;

-- name: ClaimPayment :one
-- ClaimPayment notes the payment of a session of which the books have not heard that it was paid.
UPDATE payment_session SET payment_intent_id = @payment_intent_id::text, updated_at = @now
WHERE reference = @reference AND session_id IS NOT NULL AND payment_intent_id IS NULL
RETURNING *;

-- name: Reopen :execrows
-- Reopen lets a refused reference be asked for again, also with corrected content: no session of it exists.
UPDATE payment_session
SET status = 'opening', content_digest = @content_digest, currency = @currency,
    expected_total_minor = @expected_total_minor, attempt_began_at = @now, updated_at = @now
WHERE reference = @reference AND status = 'refused';

-- name: KeepOpened :execrows
-- KeepOpened stores the session of the attempt that is under way; whoever comes second changes nothing.
UPDATE payment_session
SET status = 'open', session_id = @session_id::text, url = @url::text, expires_at = @expires_at::timestamptz, updated_at = @now
WHERE reference = @reference AND attempt = @attempt AND status = 'opening';

-- name: NextAttempt :execrows
-- NextAttempt gives up the attempt's idempotency key, under which Stripe keeps its answer. Only one of several
-- callers that saw the same attempt fail moves it on.
UPDATE payment_session
SET attempt = attempt + 1, status = @status, attempt_began_at = @now, updated_at = @now
WHERE reference = @reference AND attempt = @attempt AND status = 'opening';

-- name: Learn :execrows
-- Learn follows what Stripe says of a session. News may come twice and in any order, so an open session may end but an
-- ended one never opens, and what was paid stays paid.
UPDATE payment_session
SET status = CASE WHEN status = 'open' THEN @status ELSE status END,
    payment_status = CASE WHEN payment_status = 'unpaid' THEN @payment_status ELSE payment_status END,
    total_minor = coalesce(sqlc.narg('total_minor'), total_minor),
    payment_intent_id = coalesce(sqlc.narg('payment_intent_id'), payment_intent_id),
    updated_at = @now
WHERE session_id = @session_id::text
  AND (status = 'open' AND status <> @status
    OR payment_status = 'unpaid' AND payment_status <> @payment_status
    OR total_minor IS DISTINCT FROM coalesce(sqlc.narg('total_minor'), total_minor)
    OR payment_intent_id IS DISTINCT FROM coalesce(sqlc.narg('payment_intent_id'), payment_intent_id));
