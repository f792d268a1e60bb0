-- name: CountRequests :one
SELECT count(*) FROM idempotent_request;
