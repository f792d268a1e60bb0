-- name: InsertMessage :one
INSERT INTO chat_messages (account_id, prospect_id, name, email, message, created_at)
VALUES (@account_id, @prospect_id, @name, @email, @message, @created_at)
RETURNING id;
