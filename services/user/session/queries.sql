-- name: FindCredentials :one
SELECT id, password_hash, password_generation, is_active, username, first_name, last_name, email, member_code
FROM accounts
WHERE username = @username;

-- name: InsertSession :execrows
-- The account is asked again: it may have changed its password, or been closed, since the password was checked.
INSERT INTO sessions (token_hash, account_id, password_generation, persistent, created_at, expires_at)
SELECT @token_hash, a.id, a.password_generation, @persistent, @created_at, @expires_at
FROM accounts a
WHERE a.id = @account_id AND a.is_active AND a.password_generation = @checked_generation;

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
