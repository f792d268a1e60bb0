-- name: FindPerson :one
SELECT id FROM accounts WHERE username = sqlc.narg('username') OR id = sqlc.narg('account_id');

-- name: LockPerson :one
SELECT id, anonymised_at FROM accounts WHERE username = sqlc.narg('username') OR id = sqlc.narg('account_id')
FOR UPDATE;

-- name: Profile :one
SELECT username, first_name, last_name, email, email_verified, newsletter_subscriber, email_unsubscribed, member_code,
       is_active, is_staff, is_superuser, joined_at, last_login_at, verification_requested_at, reset_requested_at, anonymised_at
FROM accounts WHERE id = @account_id;

-- name: TermsAgreements :many
SELECT v.version, g.agreed_at
FROM terms_agreements g JOIN terms_versions v ON v.id = g.terms_version_id
WHERE g.account_id = @account_id ORDER BY v.version;

-- name: Sessions :many
SELECT created_at, expires_at, persistent, user_agent FROM sessions WHERE account_id = @account_id ORDER BY created_at;

-- name: CountKnownNetworks :one
SELECT count(*) FROM known_networks WHERE account_id = @account_id;

-- name: ClaimedAddresses :many
SELECT address, claimed_at FROM claimed_addresses WHERE account_id = @account_id ORDER BY claimed_at, address;

-- name: FormerAddresses :many
SELECT address, left_at FROM former_addresses WHERE account_id = @account_id ORDER BY left_at, address;

-- name: ProvenAddresses :many
-- In lower case, without those that another account was first to prove. What was left at an address is of the account that
-- claimed it last: of those that were left, the ones that others have claimed since are theirs.
SELECT c.address FROM claimed_addresses c WHERE c.account_id = @account_id
UNION
SELECT f.address FROM former_addresses f
WHERE f.account_id = @account_id
  AND NOT EXISTS (SELECT FROM claimed_addresses c WHERE c.address = f.address AND c.account_id <> f.account_id)
  AND NOT EXISTS (SELECT FROM former_addresses l WHERE l.address = f.address AND l.left_at > f.left_at)
UNION
SELECT lower(a.email) FROM accounts a
WHERE a.id = @account_id AND a.email_verified AND a.email <> ''
  AND NOT EXISTS (SELECT FROM claimed_addresses c WHERE c.address = lower(a.email) AND c.account_id <> a.id);

-- name: Prospects :many
-- Who the person was before the account, or is beside it.
SELECT id, email, first_name, last_name, phone, email_unsubscribed, prospect_code, prospect_comment, shop_comment, created_at, converted_at
FROM prospects WHERE lower(email) = ANY(@addresses::text[])
ORDER BY id;

-- name: ChatMessages :many
-- Those that were written from a proven address without logging in are the person's too.
SELECT name, email, message, created_at FROM chat_messages
WHERE account_id = @account_id::bigint OR prospect_id = ANY(@prospect_ids::bigint[])
   OR account_id IS NULL AND lower(email) = ANY(@addresses::text[])
ORDER BY id;

-- name: Mails :many
SELECT t.code AS template, m.recipient, m.state, m.created_at, m.sent_at
FROM mails m JOIN mail_templates t ON t.id = m.template_id
WHERE m.account_id = @account_id::bigint OR m.prospect_id = ANY(@prospect_ids::bigint[])
ORDER BY m.id;

-- name: UnsubscribeReasons :many
SELECT no_longer_want_to_receive, never_signed_up, inappropriate, spam, other, created_at FROM unsubscribe_reasons
WHERE account_id = @account_id::bigint OR prospect_id = ANY(@prospect_ids::bigint[])
ORDER BY id;

-- name: AnonymiseAccount :exec
-- Nobody can register such a user name, and no password has such a hash.
UPDATE accounts
SET username = @username, password_hash = '!', password_generation = password_generation + 1, is_active = false,
    is_staff = false, is_superuser = false, first_name = '', last_name = '', email = '', email_verified = false,
    newsletter_subscriber = false, email_unsubscribed = true, unsubscribe_string = @unsubscribe_string,
    unsubscribe_token = @unsubscribe_token, member_code = @member_code, verification_code_hash = NULL,
    verification_requested_at = NULL, reset_code_hash = NULL, reset_requested_at = NULL,
    anonymised_at = COALESCE(anonymised_at, @now::timestamptz)
WHERE id = @account_id;

-- name: DeleteSessions :exec
DELETE FROM sessions WHERE account_id = @account_id;

-- name: DeleteKnownNetworks :exec
DELETE FROM known_networks WHERE account_id = @account_id;

-- name: DeleteClaims :exec
DELETE FROM claimed_addresses WHERE account_id = @account_id;

-- name: DeleteFormerAddresses :exec
DELETE FROM former_addresses WHERE account_id = @account_id;

-- name: RemoveNote :exec
-- A line that is the note, from whichever prospects carry it; when they became an account would tell as well.
UPDATE prospects
SET shop_comment = array_to_string(array_remove(string_to_array(shop_comment, E'\n'), @note::text), E'\n'), converted_at = NULL
WHERE @note::text = ANY(string_to_array(shop_comment, E'\n'));

-- name: AnonymiseProspect :exec
-- Addresses of prospects are unique and not empty. Nobody can leave such a one.
UPDATE prospects
SET email = @email, first_name = '', last_name = '', phone = '', email_unsubscribed = true, unsubscribe_string = @unsubscribe_string,
    unsubscribe_token = @unsubscribe_token, prospect_code = @prospect_code, prospect_comment = '', shop_comment = ''
WHERE id = @prospect_id;

-- name: AnonymiseChatMessages :execrows
-- The same ones.
UPDATE chat_messages SET name = '', email = '', message = ''
WHERE account_id = @account_id::bigint OR prospect_id = ANY(@prospect_ids::bigint[])
   OR account_id IS NULL AND lower(email) = ANY(@addresses::text[]);

-- name: AnonymiseMails :execrows
-- The rows stay, so that no cause makes a second mail. What was queued is given up: its job finds that and sends nothing.
UPDATE mails
SET fields = '{}', recipient = 'anonymised@invalid', state = CASE WHEN state = 'queued' THEN 'failed' ELSE state END
WHERE account_id = @account_id::bigint OR prospect_id = ANY(@prospect_ids::bigint[]);

-- name: AnonymiseMailFailures :exec
-- Nobody has to look after what can no longer be sent.
UPDATE mail_failures
SET message = '', resolution_notes = '', resolved_at = COALESCE(resolved_at, @now::timestamptz),
    resolved_by = CASE WHEN resolved_at IS NULL THEN 'anonymise-account' ELSE resolved_by END
WHERE mail_id IN (SELECT m.id FROM mails m WHERE m.account_id = @account_id::bigint OR m.prospect_id = ANY(@prospect_ids::bigint[]));

-- name: AnonymiseUnsubscribeReasons :exec
UPDATE unsubscribe_reasons SET other = ''
WHERE account_id = @account_id::bigint OR prospect_id = ANY(@prospect_ids::bigint[]);
