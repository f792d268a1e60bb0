-- name: FindMemberByToken :one
SELECT id, email, email_unsubscribed, unsubscribe_string, unsubscribe_token FROM accounts WHERE unsubscribe_token = @token;
