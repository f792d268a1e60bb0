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
       a.email_verified, a.verification_requested_at, a.joined_at, a.last_login_at, g.agreed_at AS terms_agreed_at
FROM accounts a
LEFT JOIN terms_agreements g ON g.account_id = a.id
WHERE a.id = @id
ORDER BY g.agreed_at DESC
LIMIT 1;
