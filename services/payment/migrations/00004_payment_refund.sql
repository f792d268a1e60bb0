-- +goose Up

-- One row per refund that was asked for, written before Stripe is: the caller's key and the row's attempt are the
-- idempotency key, so that a repeat finds the refund that an unanswered call made.
CREATE TABLE payment_refund (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key               text        NOT NULL CONSTRAINT payment_refund_key UNIQUE CHECK (key ~ '^[A-Za-z0-9_./-]{1,200}$'),
    payment_intent_id text        NOT NULL CHECK (length(payment_intent_id) BETWEEN 1 AND 255),
    amount_minor      bigint      NOT NULL CHECK (amount_minor >= 1),
    currency          text        NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    attempt           integer     NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    attempt_began_at  timestamptz NOT NULL,
    -- When Stripe first answered with a failure, which it may keep under the attempt's key, and whether it refused.
    spoiled_at        timestamptz,
    refused           boolean     NOT NULL DEFAULT false,
    refund_id         text        CONSTRAINT payment_refund_refund_id UNIQUE CHECK (length(refund_id) BETWEEN 1 AND 255),
    -- As Stripe told it with its answer; what became of the refund later is asked of Stripe.
    refund_status     text        CHECK (refund_status IN ('pending', 'succeeded', 'failed')),
    refunded_at       timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT payment_refund_whole CHECK ((refund_id IS NULL) = (refund_status IS NULL) AND (refund_id IS NULL) = (refunded_at IS NULL))
);
CREATE INDEX payment_refund_payment_intent ON payment_refund (payment_intent_id);

-- +goose Down
DROP TABLE payment_refund;
