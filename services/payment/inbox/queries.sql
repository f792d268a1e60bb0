-- name: Receive :one
-- Receive writes an event once and counts every further delivery. Two deliveries at once wait for each other here.
INSERT INTO webhook_event (event_id, type, session_id, payment_intent_id, dispute_id, payload, api_version, livemode,
    concerns_checkout, attribution_pending, received_at, last_received_at, handled_at)
VALUES (@event_id, @type, sqlc.narg('session_id'), sqlc.narg('payment_intent_id'), sqlc.narg('dispute_id'), @payload, @api_version, @livemode,
    @concerns_checkout, @attribution_pending, @now, @now, sqlc.narg('handled_at'))
ON CONFLICT (event_id) DO UPDATE SET deliveries = webhook_event.deliveries + 1, last_received_at = excluded.last_received_at
RETURNING event_id, type, session_id, payment_intent_id, dispute_id, concerns_checkout, handled_at, deliveries;

-- name: Known :many
-- Known says which of the events are in the inbox.
SELECT event_id FROM webhook_event WHERE event_id = ANY (@event_ids::text[]);

-- name: Unhandled :many
SELECT event_id, type, session_id, payment_intent_id, dispute_id, concerns_checkout, handled_at
FROM webhook_event
WHERE handled_at IS NULL AND received_at < @received_before
ORDER BY received_at, id
LIMIT @at_most;

-- name: MarkHandled :execrows
-- MarkHandled keeps the first moment; it counts a row also when it was handled before.
UPDATE webhook_event SET handled_at = coalesce(handled_at, @now::timestamptz) WHERE event_id = @event_id;

-- name: Pending :many
-- Pending are the events of which nobody could say whose payment they are about.
SELECT id, event_id, payment_intent_id FROM webhook_event WHERE attribution_pending ORDER BY id LIMIT @at_most;

-- name: AttributeToUs :execrows
-- AttributeToUs makes the event one that the order service must hear of.
UPDATE webhook_event SET attribution_pending = false, concerns_checkout = true, session_id = @session_id::text, handled_at = NULL
WHERE id = @id AND attribution_pending;

-- name: AttributeToOthers :execrows
UPDATE webhook_event SET attribution_pending = false WHERE id = @id AND attribution_pending;

-- name: Forget :execrows
-- Forget drops a handful of events that were dealt with before a moment.
DELETE FROM webhook_event WHERE id IN (
    SELECT e.id FROM webhook_event e
    WHERE e.handled_at < @handled_before::timestamptz AND NOT e.attribution_pending
    ORDER BY e.handled_at LIMIT @at_most
);
