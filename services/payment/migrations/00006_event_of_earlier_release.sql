-- +goose Up

SET LOCAL lock_timeout = '3s';

-- Programs of earlier releases took no notice of refunds and disputes: they wrote their events as handled, without the payment.
-- payment_read is whether the program that wrote an event looked for one. The default is for them, also while a deploy is under
-- way; the loop of the inbox makes such events pending and asks Stripe for them, so that a pending event need not name a payment.
-- migrationlint:allow drop because the constraint comes back wider in this transaction, and what the release before writes fits the wider one
-- migrationlint:allow validates-constraint because the first release brings this with its empty table; on a large one, everybody would wait until all rows are read
ALTER TABLE webhook_event
    ADD COLUMN payment_read boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT webhook_event_pending_rests,
    ADD CONSTRAINT webhook_event_pending_rests CHECK (NOT attribution_pending OR NOT concerns_checkout AND handled_at IS NOT NULL);
-- migrationlint:allow slow-while-locked because the first release brings this with its empty table; on a large one, everybody would wait for the search
UPDATE webhook_event SET payment_read = true WHERE payment_intent_id IS NOT NULL;
-- Empty once the loop has been round.
-- migrationlint:allow index-locks because the first release brings this with its empty table; on a large one, writers would wait for the whole build
CREATE INDEX webhook_event_of_earlier_release ON webhook_event (id) WHERE NOT payment_read AND (type LIKE 'charge.%' OR type LIKE 'refund.%');

-- +goose Down
DROP INDEX webhook_event_of_earlier_release;
UPDATE webhook_event SET attribution_pending = false WHERE payment_intent_id IS NULL;
ALTER TABLE webhook_event
    DROP COLUMN payment_read,
    DROP CONSTRAINT webhook_event_pending_rests,
    ADD CONSTRAINT webhook_event_pending_rests CHECK (NOT attribution_pending OR NOT concerns_checkout AND handled_at IS NOT NULL AND payment_intent_id IS NOT NULL);
