-- name: ClaimRequest :execrows
-- A row that is taken: nothing is claimed, and one looks at it with FindRequest. A row is taken over when whoever had it said
-- nothing in time, and is new again when it is forgotten.
INSERT INTO idempotent_request AS known (owner, operation, key, fingerprint, claim, claimed_until, began_at)
VALUES (@owner, @operation, @key, @fingerprint, @claim, @claimed_until, @now)
ON CONFLICT (owner, operation, key) DO UPDATE
SET fingerprint = excluded.fingerprint,
    claim = excluded.claim,
    claimed_until = excluded.claimed_until,
    began_at = CASE WHEN known.began_at <= @forgotten_since THEN excluded.began_at ELSE known.began_at END,
    status = NULL,
    content_type = NULL,
    body = NULL
WHERE known.claimed_until <= excluded.began_at
  AND (known.began_at <= @forgotten_since OR (known.status IS NULL AND known.fingerprint = excluded.fingerprint));

-- name: FindRequest :one
SELECT fingerprint, status, content_type, body
FROM idempotent_request
WHERE owner = @owner AND operation = @operation AND key = @key;

-- name: KeepAnswer :execrows
-- What was kept first stays: the same claim may finish again.
UPDATE idempotent_request
SET status = coalesce(status, @status),
    content_type = coalesce(content_type, @content_type),
    body = coalesce(body, @body)
WHERE owner = @owner AND operation = @operation AND key = @key AND claim = @claim;

-- name: ForgetRequest :exec
DELETE FROM idempotent_request
WHERE owner = @owner AND operation = @operation AND key = @key AND claim = @claim AND status IS NULL;

-- name: PurgeRequests :execrows
DELETE FROM idempotent_request WHERE began_at < @before;
