-- name: Reserve :exec
-- Reserve writes the row before Stripe is asked; a second one for the key changes nothing.
INSERT INTO payment_refund (key, payment_intent_id, amount_minor, currency, attempt_began_at, created_at, updated_at)
VALUES (@key, @payment_intent_id, @amount_minor, @currency, @now, @now, @now)
ON CONFLICT (key) DO NOTHING;

-- name: ByKey :one
SELECT * FROM payment_refund WHERE key = @key;

-- name: Spoil :execrows
-- Spoil keeps the first moment: from then on the attempt's days are counted.
UPDATE payment_refund SET spoiled_at = coalesce(spoiled_at, @now::timestamptz), refused = @refused, updated_at = @now
WHERE key = @key AND attempt = @attempt AND refund_id IS NULL;

-- name: NextAttempt :execrows
-- NextAttempt gives up the attempt's idempotency key. Only one of several callers that saw the attempt end moves it on.
UPDATE payment_refund SET attempt = attempt + 1, spoiled_at = NULL, refused = false, attempt_began_at = @now, updated_at = @now
WHERE key = @key AND attempt = @attempt AND refund_id IS NULL;

-- name: Keep :execrows
-- Keep stores the refund that was made, whichever attempt made it.
UPDATE payment_refund
SET refund_id = @refund_id::text, refund_status = @refund_status::text, refunded_at = @refunded_at::timestamptz, updated_at = @now
WHERE key = @key AND refund_id IS NULL;
