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
SELECT m.key, m.recipient, m.fields, m.state, t.code,
       t.subject, t.body_text, t.body_html, t.from_address, t.bcc_address
FROM mails m
JOIN mail_templates t ON t.id = m.template_id
WHERE m.id = @id;

-- name: MarkSent :exec
UPDATE mails SET state = 'sent', sent_at = @now::timestamptz, fields = '{}' WHERE id = @id AND state <> 'sent';

-- name: MarkFailed :execrows
UPDATE mails SET state = 'failed' WHERE id = @id AND state = 'queued';

-- name: InsertFailure :exec
INSERT INTO mail_failures (mail_id, kind, message, created_at) VALUES (@mail_id, @kind, @message, @created_at);
