-- +goose Up

SET LOCAL lock_timeout = '3s';

-- migrationlint:allow drop because the constraint comes back wider in this transaction, and what the release before writes fits the wider one
-- migrationlint:allow validates-constraint because the first release brings this with its empty table; on a large one, everybody would wait until all rows are read
ALTER TABLE payment_exception
    DROP CONSTRAINT payment_exception_reason_check,
    ADD CONSTRAINT payment_exception_reason_is_known CHECK (reason IN (
        'unknown-reference', 'currency-mismatch', 'amount-mismatch', 'paid-again', 'out-of-stock',
        'dispute', 'refund-failed', 'refund-exceeds-payment',
        'paid-without-order', 'order-without-payment', 'order-differs-from-payment', 'refund-differs')),
    -- Of the order that it is about, where there is one.
    ADD COLUMN order_identifier text NOT NULL DEFAULT '',
    -- What should go back to the customer; 0: nothing is proposed.
    ADD COLUMN proposed_refund_minor bigint NOT NULL DEFAULT 0 CHECK (proposed_refund_minor >= 0),
    -- What exactly is wrong. Nothing personal.
    ADD COLUMN detail text NOT NULL DEFAULT '';

-- migrationlint:allow index-locks because the first release brings this with its empty table; on a large one, writers would wait for the whole build
CREATE INDEX payment_exception_of_intent ON payment_exception (payment_intent) WHERE payment_intent <> '';

-- +goose Down
DROP INDEX payment_exception_of_intent;
DELETE FROM payment_exception WHERE reason NOT IN ('unknown-reference', 'currency-mismatch', 'amount-mismatch', 'paid-again');
ALTER TABLE payment_exception
    DROP COLUMN detail,
    DROP COLUMN proposed_refund_minor,
    DROP COLUMN order_identifier,
    DROP CONSTRAINT payment_exception_reason_is_known,
    ADD CONSTRAINT payment_exception_reason_check CHECK (reason IN ('unknown-reference', 'currency-mismatch', 'amount-mismatch', 'paid-again'));
