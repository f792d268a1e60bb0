-- name: Use :one
INSERT INTO rate_limits (rule, subject, ends_at, uses)
VALUES (@rule, @subject, @ends_at, 1)
ON CONFLICT (rule, subject, ends_at) DO UPDATE SET uses = rate_limits.uses + 1
RETURNING uses;

-- name: Purge :execrows
DELETE FROM rate_limits WHERE ends_at <= @now;
