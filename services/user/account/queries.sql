-- name: UsernameExists :one
SELECT EXISTS (SELECT FROM accounts WHERE username = @username);

-- name: InsertAccount :one
INSERT INTO accounts (
    username, password_hash, first_name, last_name, email, newsletter_subscriber, unsubscribe_string, unsubscribe_token,
    member_code, verification_code_hash, verification_requested_at, joined_at, last_login_at
) VALUES (
    @username, @password_hash, @first_name, @last_name, @email, @newsletter_subscriber, @unsubscribe_string, @unsubscribe_token,
    @member_code, @verification_code_hash, @now::timestamptz, @now::timestamptz, @now::timestamptz
)
RETURNING id, password_generation;

-- name: Profile :one
SELECT a.username, a.first_name, a.last_name, a.email, a.member_code, a.newsletter_subscriber, a.email_unsubscribed,
       a.email_verified, a.verification_requested_at, a.joined_at, a.last_login_at, g.agreed_at AS terms_agreed_at,
       (a.email_verified AND EXISTS (
           SELECT FROM claimed_addresses c WHERE c.address = lower(a.email) AND c.account_id = a.id
       ))::boolean AS claims_guest_orders
FROM accounts a
LEFT JOIN terms_agreements g ON g.account_id = a.id
WHERE a.id = @id
ORDER BY g.agreed_at DESC
LIMIT 1;

-- name: LockForInformation :one
-- The database compares, as it does where it keeps who has claimed an address.
SELECT username, email, (lower(email) = lower(@new_email::text))::boolean AS same_address
FROM accounts
WHERE id = @id AND is_active
FOR NO KEY UPDATE;

-- name: UpdateInformation :exec
UPDATE accounts SET first_name = @first_name, last_name = @last_name, email = @email WHERE id = @id;

-- name: ForgetProofs :exec
-- What was proved or mailed for the address until now is worth nothing for the new one.
UPDATE accounts
SET email_verified = false, verification_code_hash = @verification_code_hash, verification_requested_at = @now::timestamptz,
    reset_code_hash = NULL, reset_requested_at = NULL
WHERE id = @id;

-- name: ReleaseAddress :exec
-- What the person left at the address stays the person's: it is kept that it was the account's.
WITH released AS (
    DELETE FROM claimed_addresses WHERE claimed_addresses.account_id = @account_id RETURNING claimed_addresses.address, claimed_addresses.account_id
)
INSERT INTO former_addresses (address, account_id, left_at)
SELECT r.address, r.account_id, @now::timestamptz FROM released r
ON CONFLICT (address, account_id) DO UPDATE SET left_at = EXCLUDED.left_at;
