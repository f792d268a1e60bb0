-- name: EmailBelongsToMember :one
SELECT EXISTS (SELECT FROM accounts WHERE lower(email) = lower(@email));

-- name: FindProspect :one
SELECT id, prospect_code, unsubscribe_token, email_unsubscribed FROM prospects WHERE lower(email) = lower(@email);

-- name: InsertProspect :exec
INSERT INTO prospects (email, unsubscribe_string, unsubscribe_token, prospect_code, shop_comment, created_at)
VALUES (@email, @unsubscribe_string, @unsubscribe_token, @prospect_code, @shop_comment, @created_at)
ON CONFLICT (lower(email)) DO NOTHING;

-- name: InsertNotifiedProspect :execrows
-- On no mailing list, as everybody who did not ask for one (contract user.md 2.22).
INSERT INTO prospects (email, email_unsubscribed, unsubscribe_string, unsubscribe_token, prospect_code, prospect_comment, shop_comment, created_at)
VALUES (@email, true, @unsubscribe_string, @unsubscribe_token, @prospect_code, @prospect_comment, @shop_comment, @created_at)
ON CONFLICT (lower(email)) DO NOTHING;

-- name: NoteOrder :exec
-- The newest notes are kept when there are more than the column holds.
UPDATE prospects
SET shop_comment = right(concat_ws(E'\n', NULLIF(shop_comment, ''), @note::text), 5000),
    email_unsubscribed = email_unsubscribed AND NOT @newsletter::boolean
WHERE id = @id;

-- name: Convert :exec
UPDATE prospects
SET converted_at = COALESCE(converted_at, @now::timestamptz),
    email_unsubscribed = true,
    shop_comment = right(concat_ws(E'\n', NULLIF(shop_comment, ''), @note::text), 5000)
WHERE lower(email) = lower(@email);
