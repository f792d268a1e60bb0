-- +goose Up

SET LOCAL lock_timeout = '3s';

-- Events about charges, refunds and disputes name the payment; whose it is, the books or Stripe know. While neither could
-- say, attribution_pending is true: such an event counts as handled, so that nobody works on it, until it is attributed.
-- migrationlint:allow validates-constraint because the first release brings this with its empty table; on a large one, everybody would wait until all rows are read
ALTER TABLE webhook_event
    ADD COLUMN payment_intent_id   text CHECK (length(payment_intent_id) BETWEEN 1 AND 255),
    ADD COLUMN dispute_id          text CHECK (length(dispute_id) BETWEEN 1 AND 255),
    ADD COLUMN attribution_pending boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT webhook_event_pending_rests CHECK (NOT attribution_pending OR NOT concerns_checkout AND handled_at IS NOT NULL AND payment_intent_id IS NOT NULL);
-- migrationlint:allow index-locks because the first release brings this with its empty table; on a large one, writers would wait for the whole build
CREATE INDEX webhook_event_pending ON webhook_event (id) WHERE attribution_pending;
-- What is old enough to go.
-- migrationlint:allow index-locks because the first release brings this with its empty table; on a large one, writers would wait for the whole build
CREATE INDEX webhook_event_handled ON webhook_event (handled_at) WHERE handled_at IS NOT NULL;

-- +goose Down
DROP INDEX webhook_event_handled;
DROP INDEX webhook_event_pending;
ALTER TABLE webhook_event
    DROP CONSTRAINT webhook_event_pending_rests,
    DROP COLUMN attribution_pending,
    DROP COLUMN dispute_id,
    DROP COLUMN payment_intent_id;
