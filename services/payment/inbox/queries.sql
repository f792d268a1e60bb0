-- name: Receive :one
-- Receive writes an event once and counts every further delivery. Two deliveries at once wait for each other here.
INSERT INTO webhook_event (event_id, type, session_id, payload, api_version, livemode, concerns_checkout, received_at, last_received_at, handled_at)
VALUES (@event_id, @type, sqlc.narg('session_id'), @payload, @api_version, @livemode, @concerns_checkout, @now, @now, sqlc.narg('handled_at'))
ON CONFLICT (event_id) DO UPDATE SET deliveries = webhook_event.deliveries + 1, last_received_at = excluded.last_received_at
RETURNING event_id, type, session_id, concerns_checkout, handled_at, deliveries;

-- name: Unhandled :many
SELECT event_id, type, session_id, concerns_checkout, handled_at
FROM webhook_event
WHERE handled_at IS NULL AND received_at < @received_before
ORDER BY received_at, id
LIMIT @at_most;

-- name: MarkHandled :execrows
-- MarkHandled keeps the first moment; it counts a row also when it was handled before.
UPDATE webhook_event SET handled_at = coalesce(handled_at, @now::timestamptz) WHERE event_id = @event_id;
