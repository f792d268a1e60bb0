-- name: PasswordOf :one
SELECT password_hash, password_generation, username, first_name, last_name, email FROM accounts WHERE id = @id AND is_active;

-- name: ChangePassword :one
-- Only what was checked is changed: of two changes at once one finds another generation.
UPDATE accounts
SET password_hash = @password_hash, password_generation = password_generation + 1,
    reset_code_hash = NULL, reset_requested_at = NULL, last_login_at = @now::timestamptz
WHERE id = @id AND is_active AND password_generation = @checked_generation
RETURNING password_generation, username, first_name, last_name, email;

-- name: BeginReset :one
-- User names are compared with their case, addresses without (contract user.md 2.10).
UPDATE accounts
SET reset_code_hash = @code_hash::bytea, reset_requested_at = @now::timestamptz
WHERE username = @username AND lower(email) = lower(@email) AND is_active
RETURNING id, username, first_name, last_name, email;

-- name: ResetOf :one
SELECT id, reset_code_hash, username, first_name, last_name, email FROM accounts WHERE username = @username AND is_active;

-- name: FinishReset :one
-- Of two who use a code at once, the second does not find it any more.
UPDATE accounts
SET password_hash = @password_hash, password_generation = password_generation + 1,
    reset_code_hash = NULL, reset_requested_at = NULL
WHERE id = @id AND is_active AND reset_code_hash = @code_hash::bytea
RETURNING username, first_name, last_name, email;

-- name: AccountsOfAddress :many
SELECT id, username, first_name, last_name, email FROM accounts
WHERE lower(email) = lower(@email) AND is_active
ORDER BY id
LIMIT @most;
