-- name: Receive :one
-- Receive writes an event once and counts every further delivery. Two deliveries at once wait for each other here.
INSERT INTO webhook_event (event_id, type, session_id, payment_intent_id, dispute_id, payload, api_version, livemode,
    concerns_checkout, attribution_pending, payment_read, received_at, last_received_at, handled_at)
VALUES (@event_id, @type, sqlc.narg('session_id'), sqlc.narg('payment_intent_id'), sqlc.narg('dispute_id'), @payload, @api_version, @livemode,
    @concerns_checkout, @attribution_pending, true, @now, @now, sqlc.narg('handled_at'))
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
-- Pending are the events of which nobody could say whose payment they are about: those behind a place first, then from the beginning.
SELECT id, event_id, payment_intent_id FROM webhook_event WHERE attribution_pending ORDER BY id <= @after_id::bigint, id LIMIT @at_most;

-- name: AdoptEarlier :execrows
-- AdoptEarlier makes those events pending that a program of an earlier release wrote without a look at their payment, as far as
-- Stripe still knows them.
UPDATE webhook_event
SET payment_read = true,
    attribution_pending = attribution_pending OR (type = ANY (@types::text[]) AND received_at > @since
        AND NOT concerns_checkout AND handled_at IS NOT NULL AND payment_intent_id IS NULL)
WHERE NOT payment_read AND (type LIKE 'charge.%' OR type LIKE 'refund.%');

-- name: AttributeToUs :execrows
-- AttributeToUs makes the event one that the order service must hear of.
UPDATE webhook_event
SET attribution_pending = false, concerns_checkout = true, session_id = @session_id::text, handled_at = NULL,
    payment_intent_id = coalesce(payment_intent_id, sqlc.narg('payment_intent_id')),
    dispute_id = coalesce(dispute_id, sqlc.narg('dispute_id')),
    payload = coalesce(sqlc.narg('payload'), payload)
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
