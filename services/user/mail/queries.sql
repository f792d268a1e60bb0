-- name: TemplateID :one
SELECT id FROM mail_templates WHERE code = @code;

-- name: MemberCode :one
SELECT member_code FROM accounts WHERE id = @id;

-- name: InsertMail :one
-- No row comes back when the cause already has its mail.
INSERT INTO mails (key, template_id, account_id, prospect_id, recipient, fields, created_at)
VALUES (@key, @template_id, @account_id, @prospect_id, @recipient, @fields, @created_at)
ON CONFLICT (key) DO NOTHING
RETURNING id;

-- name: FindMail :one
SELECT prospect_id FROM mails WHERE key = @key;

-- name: LoadMail :one
SELECT m.id, m.key, m.recipient, m.fields, m.state, m.handed_over_at, t.code,
       t.subject, t.body_text, t.body_html, t.from_address, t.bcc_address
FROM mails m
JOIN mail_templates t ON t.id = m.template_id
WHERE m.id = @id;

-- name: HandOver :execrows
-- One job at a time gets a row.
UPDATE mails SET handed_over_at = @now::timestamptz WHERE id = @id AND state = 'queued' AND handed_over_at IS NULL;

-- name: TakeBack :exec
UPDATE mails SET handed_over_at = NULL WHERE id = @id AND state = 'queued' AND handed_over_at = @handed_over_at::timestamptz;

-- name: MarkSent :exec
UPDATE mails SET state = 'sent', sent_at = @now::timestamptz, handed_over_at = NULL, fields = '{}' WHERE id = @id AND state <> 'sent';

-- name: MarkFailed :execrows
UPDATE mails SET state = 'failed' WHERE id = @id AND state = 'queued';

-- name: InsertFailure :exec
INSERT INTO mail_failures (mail_id, kind, message, created_at) VALUES (@mail_id, @kind, @message, @created_at);

-- name: ListTemplates :many
SELECT code, purpose, audience, status, subject FROM mail_templates ORDER BY id;

-- name: LoadTemplate :one
SELECT * FROM mail_templates WHERE code = @code;

-- name: LockTemplate :one
SELECT * FROM mail_templates WHERE code = @code FOR UPDATE;

-- name: UpdateTemplate :exec
UPDATE mail_templates
SET subject = @subject, body_text = @body_text, body_html = @body_html, from_address = @from_address, bcc_address = @bcc_address
WHERE id = @id;

-- name: ListOpenFailures :many
SELECT f.mail_id, t.code, f.kind, f.created_at, f.message, m.recipient
FROM mail_failures f
JOIN mails m ON m.id = f.mail_id
JOIN mail_templates t ON t.id = m.template_id
WHERE f.resolved_at IS NULL
ORDER BY f.id;

-- name: LockMail :one
SELECT state, fields = '{}' AS emptied FROM mails WHERE id = @id FOR UPDATE;

-- name: QueueAgain :exec
UPDATE mails SET state = 'queued', handed_over_at = NULL WHERE id = @id;

-- name: ResolveFailures :execrows
UPDATE mail_failures SET resolved_at = @now::timestamptz, resolved_by = @resolved_by, resolution_notes = @notes
WHERE mail_id = @mail_id AND resolved_at IS NULL;

-- name: EmptyFailedMails :execrows
-- In portions: a long transaction would keep the table's dead rows from being cleared. The state is asked again outside for
-- mails that an operator queues meanwhile. No mail fails before it is written, so the index on created_at serves.
UPDATE mails SET fields = '{}'
WHERE state = 'failed' AND id IN (
    SELECT m.id FROM mails m
    WHERE m.state = 'failed' AND m.created_at < @before::timestamptz AND m.fields <> '{}'
      AND NOT EXISTS (SELECT FROM mail_failures f WHERE f.mail_id = m.id AND f.created_at >= @before::timestamptz)
    ORDER BY m.created_at LIMIT @most);
