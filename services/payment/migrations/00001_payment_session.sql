-- +goose Up

-- One row per reference of the order service, written before Stripe is asked: the row's attempt is half of the
-- idempotency key, so a repeat after a crash finds the session that the crashed call made (contract payment.md P-12).
CREATE TABLE payment_session (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference            text        NOT NULL CONSTRAINT payment_session_reference UNIQUE CHECK (reference ~ '^[A-Za-z0-9_-]{1,200}$'),
    -- SHA-256 over what was asked for: the same reference with other content is refused.
    content_digest       bytea       NOT NULL CHECK (octet_length(content_digest) = 32),
    attempt              integer     NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    status               text        NOT NULL DEFAULT 'opening' CHECK (status IN ('opening', 'refused', 'open', 'complete', 'expired')),
    payment_status       text        NOT NULL DEFAULT 'unpaid' CHECK (payment_status IN ('unpaid', 'paid', 'no_payment_required')),
    currency             text        NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    expected_total_minor bigint      NOT NULL CHECK (expected_total_minor >= 0),
    session_id           text        CONSTRAINT payment_session_session_id UNIQUE CHECK (length(session_id) BETWEEN 1 AND 255),
    url                  text,
    expires_at           timestamptz,
    -- What Stripe said last: the sum charged and the payment behind it; refunds will need the latter.
    total_minor          bigint      CHECK (total_minor >= 0),
    payment_intent_id    text        CHECK (length(payment_intent_id) BETWEEN 1 AND 255),
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    CONSTRAINT payment_session_known_when_open CHECK ((session_id IS NOT NULL) = (status IN ('open', 'complete', 'expired')))
);
CREATE INDEX payment_session_payment_intent ON payment_session (payment_intent_id) WHERE payment_intent_id IS NOT NULL;

-- +goose Down
DROP TABLE payment_session;
