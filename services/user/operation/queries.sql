-- name: NoteAction :exec
INSERT INTO operator_action (done_at, done_by, command, subject, detail) VALUES (@done_at, @done_by, @command, @subject, @detail);
