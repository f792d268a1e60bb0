-- name: FindAccount :one
SELECT id, is_active, first_name, last_name, email FROM accounts WHERE username = @username;

-- name: LockAccount :one
SELECT id, is_active, first_name, last_name, email FROM accounts WHERE username = @username FOR UPDATE;

-- name: InsertSuperuser :one
-- No row comes back when somebody else was faster with the user name.
INSERT INTO accounts (
    username, password_hash, first_name, last_name, email, unsubscribe_string, unsubscribe_token, member_code, is_staff, is_superuser, joined_at
) VALUES (
    @username, @password_hash, @first_name, @last_name, @email, @unsubscribe_string, @unsubscribe_token, @member_code, true, true, @now
)
ON CONFLICT (username) DO NOTHING
RETURNING id;

-- name: Promote :exec
UPDATE accounts SET is_staff = true, is_superuser = true WHERE id = @id;

-- name: ChangePassword :exec
UPDATE accounts
SET password_hash = @password_hash, password_generation = password_generation + 1, reset_code_hash = NULL, reset_requested_at = NULL
WHERE id = @id;
