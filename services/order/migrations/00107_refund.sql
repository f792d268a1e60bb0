-- +goose Up

SET LOCAL lock_timeout = '3s';

-- Money that goes back: of an order, or of a payment that became none.
CREATE TABLE refund (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The caller's; of a refund that was made at Stripe's dashboard: "stripe/" and Stripe's id.
    key            text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    -- What the caller wanted, so that the same key with other content is noticed.
    request        text NOT NULL DEFAULT '',
    purchase_id    bigint REFERENCES purchase (id),
    exception_id   bigint REFERENCES payment_exception (id),
    payment_intent text NOT NULL CHECK (payment_intent <> ''),
    amount_minor   bigint NOT NULL CHECK (amount_minor > 0),
    currency       text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    state          text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    -- Stripe's; null until Stripe has taken the refund on.
    refund_id      text UNIQUE CHECK (refund_id <> ''),
    -- Why it failed.
    failure        text NOT NULL DEFAULT '',
    requested_by   text NOT NULL,
    note           text NOT NULL,
    requested_at   timestamptz NOT NULL,
    settled_at     timestamptz,
    -- When Stripe is asked about it next; null once there is nothing left to learn.
    next_check_at  timestamptz,
    checks         integer NOT NULL DEFAULT 0 CHECK (checks >= 0),
    CONSTRAINT refund_is_of_one CHECK (num_nonnulls(purchase_id, exception_id) = 1),
    CONSTRAINT refund_settled_unless_pending CHECK ((state = 'pending') = (settled_at IS NULL)),
    CONSTRAINT refund_is_watched_while_pending CHECK ((state = 'pending') = (next_check_at IS NOT NULL))
);
CREATE UNIQUE INDEX refund_key_of_purchase ON refund (purchase_id, key) WHERE purchase_id IS NOT NULL;
CREATE UNIQUE INDEX refund_key_of_exception ON refund (exception_id, key) WHERE exception_id IS NOT NULL;
CREATE INDEX refund_due ON refund (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX refund_of_intent ON refund (payment_intent);

-- Goods of an order that go back on the shelf: with a refund, or with the cancellation, which has none here.
CREATE TABLE purchase_restock (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purchase_id  bigint NOT NULL REFERENCES purchase (id),
    refund_id    bigint REFERENCES refund (id),
    sku_id       bigint NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    -- Null until Stripe has taken the refund on.
    restocked_at timestamptz,
    UNIQUE (refund_id, sku_id)
);
CREATE INDEX purchase_restock_of_purchase ON purchase_restock (purchase_id);

-- A customer's bank wants the money back.
CREATE TABLE dispute (
    dispute_id     text PRIMARY KEY CHECK (dispute_id <> ''),
    purchase_id    bigint REFERENCES purchase (id),
    payment_intent text NOT NULL,
    amount_minor   bigint NOT NULL CHECK (amount_minor >= 0),
    currency       text NOT NULL,
    reason         text NOT NULL,
    status         text NOT NULL,
    opened_at      timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    closed_at      timestamptz
);
CREATE INDEX dispute_of_purchase ON dispute (purchase_id);
CREATE INDEX dispute_of_intent ON dispute (payment_intent);

INSERT INTO status (identifier, title, description) VALUES
    ('cancelled', 'Cancelled', 'This order will not be delivered.'),
    ('refunded', 'Refunded', 'What you paid is on its way back to you.'),
    ('partly-refunded', 'Partly refunded', 'A part of what you paid is on its way back to you.'),
    ('refund-failed', 'Refund failed', 'Your bank did not take the money back; we will get in touch with you.')
ON CONFLICT (identifier) DO NOTHING;

ALTER TABLE purchase_status
    -- Who made the change; empty: the shop itself.
    ADD COLUMN set_by text NOT NULL DEFAULT '',
    -- When the user service took over the mail about it. The first status has the confirmation instead.
    ADD COLUMN notice_accepted_at timestamptz;

-- +goose Down
ALTER TABLE purchase_status DROP COLUMN notice_accepted_at, DROP COLUMN set_by;
DROP TABLE dispute, purchase_restock, refund;
