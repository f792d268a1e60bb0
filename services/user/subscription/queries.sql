-- name: SetPreferences :execrows
-- One statement, so that nobody changes the row between looking and writing, and only the columns that are meant
-- (contract user.md 8, defect 31). The token is renewed when the wish to get nothing changes (contract user.md 1.8).
UPDATE accounts
SET newsletter_subscriber = @newsletter,
    unsubscribe_string = CASE WHEN email_unsubscribed = @unsubscribed THEN unsubscribe_string ELSE @new_string END,
    unsubscribe_token = CASE WHEN email_unsubscribed = @unsubscribed THEN unsubscribe_token ELSE @new_token END,
    email_unsubscribed = @unsubscribed
WHERE id = @id AND is_active;

-- name: InsertReasons :exec
INSERT INTO unsubscribe_reasons (account_id, prospect_id, no_longer_want_to_receive, never_signed_up, inappropriate, spam, other, created_at)
VALUES (@account_id, @prospect_id, @no_longer_want_to_receive, @never_signed_up, @inappropriate, @spam, @other, @created_at);

-- name: FindMemberByToken :one
SELECT id, email, email_unsubscribed, unsubscribe_string, unsubscribe_token FROM accounts WHERE unsubscribe_token = @token;

-- name: FindProspectByToken :one
SELECT id, email, email_unsubscribed, unsubscribe_string, unsubscribe_token FROM prospects WHERE unsubscribe_token = @token;

-- name: UnsubscribeMember :execrows
-- Who comes second with the same token finds it gone.
UPDATE accounts
SET email_unsubscribed = true, newsletter_subscriber = false, unsubscribe_string = @new_string, unsubscribe_token = @new_token
WHERE id = @id AND unsubscribe_token = @token;

-- name: UnsubscribeProspect :execrows
UPDATE prospects
SET email_unsubscribed = true, unsubscribe_string = @new_string, unsubscribe_token = @new_token
WHERE id = @id AND unsubscribe_token = @token;
