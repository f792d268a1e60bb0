-- name: ClaimRequest :execrows
-- A row that is taken: nothing is claimed, and one looks at it with FindRequest. A row is taken over when whoever had it said
-- nothing in time, and is new again when it is forgotten. An owner who has as many keys as he may gets no further one.
INSERT INTO idempotent_request AS known (owner, operation, key, fingerprint, claim, claimed_until, began_at)
SELECT @owner::text, @operation::text, @key::text, @fingerprint::bytea, @claim::text, @claimed_until::timestamptz, @now::timestamptz
WHERE EXISTS (SELECT FROM idempotent_request own WHERE own.owner = @owner AND own.operation = @operation AND own.key = @key)
   OR (SELECT count(*) FROM idempotent_request live WHERE live.owner = @owner AND live.began_at > @forgotten_since) < @most_keys::bigint
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

-- name: CountKeys :one
-- How many keys of an owner are known, and since when the oldest of them.
SELECT count(*) AS keys, coalesce(min(began_at), @now::timestamptz)::timestamptz AS oldest
FROM idempotent_request
WHERE owner = @owner AND began_at > @forgotten_since;

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
