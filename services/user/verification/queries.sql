-- name: Addressee :one
SELECT username, first_name, last_name, email FROM accounts WHERE id = @id AND is_active;
