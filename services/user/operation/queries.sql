-- name: NoteAction :exec
INSERT INTO operator_action (done_at, done_by, command, subject, detail) VALUES (@done_at, @done_by, @command, @subject, @detail);

-- name: ListActions :many
SELECT done_at, done_by, command, subject, detail FROM operator_action WHERE done_at >= @since::timestamptz ORDER BY done_at DESC, id DESC;
