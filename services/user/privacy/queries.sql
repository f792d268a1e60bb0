-- name: FindPerson :one
SELECT id FROM accounts WHERE username = @username;
