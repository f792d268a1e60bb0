-- name: PasswordOf :one
SELECT password_hash, password_generation, username, first_name, last_name, email FROM accounts WHERE id = @id AND is_active;
