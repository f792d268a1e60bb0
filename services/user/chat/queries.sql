-- name: InsertMessage :one
-- An account that has gone meanwhile does not take the message with it.
INSERT INTO chat_messages (account_id, prospect_id, name, email, message, created_at)
VALUES ((SELECT a.id FROM accounts a WHERE a.id = @account_id::bigint), sqlc.narg('prospect_id'), @name, @email, @message, @created_at)
RETURNING id;

-- name: DeleteMessages :execrows
-- In portions: a long transaction would keep the table's dead rows from being cleared.
DELETE FROM chat_messages
WHERE id IN (SELECT m.id FROM chat_messages m WHERE m.created_at < @before ORDER BY m.created_at LIMIT @most);
