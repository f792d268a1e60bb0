-- name: StoreCode :one
UPDATE accounts
SET verification_code_hash = @verification_code_hash, verification_requested_at = @now::timestamptz
WHERE id = @id AND is_active
RETURNING username, first_name, last_name, email;

-- name: LockCode :one
SELECT email, verification_code_hash FROM accounts WHERE id = @id AND is_active FOR NO KEY UPDATE;

-- name: MarkVerified :exec
UPDATE accounts
SET email_verified = true, verification_code_hash = NULL, verification_requested_at = NULL
WHERE id = @id;

-- name: Claim :one
-- Answers who has the address, this account or another before it. The empty update makes the database wait for whoever is
-- claiming or releasing the address, and answer in the same breath.
INSERT INTO claimed_addresses (address, account_id, claimed_at)
VALUES (lower(@email::text), @account_id, @now)
ON CONFLICT (address) DO UPDATE SET claimed_at = claimed_addresses.claimed_at
RETURNING account_id;

-- name: AdoptChatMessages :exec
UPDATE chat_messages SET account_id = @account_id::bigint WHERE lower(email) = lower(@email::text) AND account_id IS NULL;

-- name: PurgeVerificationCodes :execrows
UPDATE accounts SET verification_code_hash = NULL, verification_requested_at = NULL
WHERE verification_requested_at < @before::timestamptz;

-- name: PurgeResetCodes :execrows
UPDATE accounts SET reset_code_hash = NULL, reset_requested_at = NULL
WHERE reset_requested_at < @before::timestamptz;
