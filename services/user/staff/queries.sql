-- name: FindAccount :one
SELECT id FROM accounts WHERE username = @username;
