-- name: FindCredentials :one
-- Always one row and the same lookups: for a name that nobody has the account 0, and for every name what the hash of its
-- neighbour costs (see neighbours), which is all of a readable hash but salt and key, '' of others.
SELECT coalesce(a.id, 0)::bigint AS id, coalesce(a.password_hash, '')::text AS password_hash,
       coalesce(a.password_generation, 0)::integer AS password_generation, coalesce(a.is_active, false)::boolean AS is_active,
       coalesce(a.username, '')::text AS username, coalesce(a.first_name, '')::text AS first_name,
       coalesce(a.last_name, '')::text AS last_name, coalesce(a.email, '')::text AS email,
       coalesce(a.member_code, '')::text AS member_code,
       EXISTS (
           SELECT FROM known_networks k
           WHERE k.account_id = coalesce(a.id, 0) AND k.network_hash = ANY(@networks::bytea[]) AND k.last_seen_at > @known_after
       ) AS from_known_network,
       coalesce(
           substring(neighbour.password_hash FROM '^(pbkdf2_sha256\$[0-9]+)\$[^$]*\$[A-Za-z0-9+/]{43}=$'),
           substring(neighbour.password_hash FROM '^(\$argon2id\$[^$]*\$[^$]*)\$[^$]*\$[^$]*$'),
           ''
       )::text AS neighbour_cost
FROM (SELECT @username::text AS username) AS asked
LEFT JOIN accounts a ON a.username = asked.username
LEFT JOIN (
    (SELECT n.password_hash, 1 AS choice FROM accounts n WHERE n.member_code >= @place ORDER BY n.member_code LIMIT 1)
    UNION ALL
    (SELECT f.password_hash, 2 AS choice FROM accounts f ORDER BY f.member_code LIMIT 1) -- after the last comes the first
    ORDER BY choice
    LIMIT 1
) AS neighbour ON true;

-- name: InsertSession :execrows
-- The account is asked again: it may have changed its password, or been closed, since the password was checked. Its lock
-- keeps two sessions from beginning at once, so that what is counted for the account afterwards is right.
INSERT INTO sessions (token_hash, account_id, password_generation, persistent, user_agent, created_at, expires_at)
SELECT @token_hash, a.id, a.password_generation, @persistent, @user_agent, @created_at, @expires_at
FROM accounts a
WHERE a.id = @account_id AND a.is_active AND a.password_generation = @checked_generation
FOR NO KEY UPDATE;

-- name: EndSurplusSessions :exec
-- Of all sessions beside the one that begins, the newest are kept. One that is locked is being ended by somebody else.
DELETE FROM sessions
WHERE token_hash IN (
    SELECT s.token_hash
    FROM sessions s
    WHERE s.token_hash IN (
        SELECT o.token_hash
        FROM sessions o
        WHERE o.account_id = @account_id AND o.token_hash <> @begun
        ORDER BY o.password_generation DESC, o.created_at DESC
        OFFSET @kept::integer
    )
    FOR UPDATE SKIP LOCKED
);

-- name: NoteLogin :exec
-- A new hash of the same password takes the place only of the one that was checked.
UPDATE accounts
SET last_login_at = @now,
    password_hash = CASE WHEN password_hash = @checked_hash THEN @password_hash ELSE password_hash END
WHERE id = @id;

-- name: ResolveSession :one
SELECT s.expires_at, a.id, a.username, a.first_name, a.last_name, a.email, a.member_code
FROM sessions s
JOIN accounts a ON a.id = s.account_id
WHERE s.token_hash = @token_hash
  AND s.expires_at > @now
  AND a.is_active
  AND a.password_generation = s.password_generation;

-- name: DeleteSession :exec
DELETE FROM sessions WHERE token_hash = @token_hash;

-- name: PurgeSessions :execrows
DELETE FROM sessions WHERE expires_at <= @now;

-- name: EndAccountSessions :exec
DELETE FROM sessions WHERE account_id = @account_id;

-- name: SessionPersists :one
SELECT persistent FROM sessions WHERE token_hash = @token_hash AND account_id = @account_id AND expires_at > @now;

-- name: ListSessions :many
SELECT s.reference, s.created_at, s.expires_at, s.persistent, s.user_agent, s.token_hash = @current AS current
FROM sessions s
JOIN accounts a ON a.id = s.account_id
WHERE s.account_id = @account_id
  AND s.expires_at > @now
  AND a.is_active
  AND a.password_generation = s.password_generation
ORDER BY s.created_at DESC, s.reference
LIMIT @most::integer;

-- name: EndSession :execrows
DELETE FROM sessions WHERE reference = @reference AND account_id = @account_id AND expires_at > @now;

-- name: EndOtherSessions :execrows
DELETE FROM sessions WHERE account_id = @account_id AND token_hash <> @kept AND expires_at > @now;

-- name: NoteNetwork :exec
-- Of all networks beside the one that is seen now, the newest are kept.
WITH seen AS (
    INSERT INTO known_networks (account_id, network_hash, last_seen_at)
    VALUES (@account_id, @network_hash, @now)
    ON CONFLICT (account_id, network_hash) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at
)
DELETE FROM known_networks k
WHERE k.account_id = @account_id
  AND k.network_hash IN (
      SELECT o.network_hash
      FROM known_networks o
      WHERE o.account_id = @account_id AND o.network_hash <> @network_hash
      ORDER BY o.last_seen_at DESC
      OFFSET @kept::integer
  );

-- name: PurgeNetworks :execrows
DELETE FROM known_networks WHERE last_seen_at <= @seen_before;

-- name: CountTry :execrows
-- Counts a try as failed and says from when on the next is heard: a second after the tenth failure in a row, then twice as
-- long each time, at most five minutes. A try that comes too early changes nothing; before the tenth failure none does, also
-- when it was begun before the last one, or by a process whose clock is behind. What is 24 hours old is forgotten.
INSERT INTO login_failures AS f (subject, failures, last_tried_at, blocked_until)
VALUES (@subject, 1, @now, @now)
ON CONFLICT (subject) DO UPDATE
SET failures = CASE WHEN f.last_tried_at <= EXCLUDED.last_tried_at - interval '24 hours' THEN 1 ELSE f.failures + 1 END,
    last_tried_at = EXCLUDED.last_tried_at,
    blocked_until = EXCLUDED.last_tried_at + interval '1 second' * CASE
        WHEN f.last_tried_at <= EXCLUDED.last_tried_at - interval '24 hours' THEN 0
        ELSE LEAST(300, floor(2 ^ LEAST(f.failures + 1 - 10, 30)))
    END
WHERE f.failures < 10 OR f.blocked_until <= EXCLUDED.last_tried_at;

-- name: BlockedUntil :one
SELECT blocked_until FROM login_failures WHERE subject = @subject;

-- name: TakeBackTry :execrows
-- Leaves the wait that CountTry gives to one failure less.
UPDATE login_failures
SET failures = failures - 1,
    blocked_until = LEAST(blocked_until, last_tried_at + interval '1 second' * LEAST(300, floor(2 ^ LEAST(failures - 1 - 10, 30))))
WHERE subject = @subject AND failures > 1;

-- name: TakeBackOnlyTry :exec
DELETE FROM login_failures WHERE subject = @subject AND failures = 1;

-- name: ForgetFailures :exec
DELETE FROM login_failures WHERE subject = @subject;

-- name: PurgeFailures :execrows
DELETE FROM login_failures WHERE last_tried_at <= @tried_before;
