-- +goose Up

-- Money that goes back: of an order, or of a payment that became none.
CREATE TABLE refund (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The caller's; of a refund that was made at Stripe's dashboard: "stripe/" and Stripe's id.
    key            text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    purchase_id    bigint REFERENCES purchase (id),
    exception_id   bigint REFERENCES payment_exception (id),
    payment_intent text NOT NULL CHECK (payment_intent <> ''),
    amount_minor   bigint NOT NULL CHECK (amount_minor > 0),
    currency       text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    state          text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    refund_id      text UNIQUE CHECK (refund_id <> ''),
    requested_by   text NOT NULL,
    note           text NOT NULL,
    requested_at   timestamptz NOT NULL,
    settled_at     timestamptz,
    CONSTRAINT refund_is_of_one CHECK (num_nonnulls(purchase_id, exception_id) = 1),
    CONSTRAINT refund_settled_unless_pending CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE UNIQUE INDEX refund_key_of_purchase ON refund (purchase_id, key) WHERE purchase_id IS NOT NULL;
CREATE UNIQUE INDEX refund_key_of_exception ON refund (exception_id, key) WHERE exception_id IS NOT NULL;
CREATE INDEX refund_pending ON refund (requested_at) WHERE state = 'pending';
CREATE INDEX refund_of_intent ON refund (payment_intent);

-- Goods that went back on the shelf with it.
CREATE TABLE refund_restock (
    refund_id bigint NOT NULL REFERENCES refund (id),
    sku_id    bigint NOT NULL,
    quantity  integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (refund_id, sku_id)
);

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

INSERT INTO status (identifier, title, description) VALUES
    ('cancelled', 'Cancelled', 'This order will not be delivered.'),
    ('refunded', 'Refunded', 'What you paid is on its way back to you.'),
    ('partly-refunded', 'Partly refunded', 'A part of what you paid is on its way back to you.')
ON CONFLICT (identifier) DO NOTHING;

ALTER TABLE purchase_status
    -- Who made the change; empty: the shop itself.
    ADD COLUMN set_by text NOT NULL DEFAULT '',
    -- When the user service took over the mail about it. The first status has the confirmation instead.
    ADD COLUMN notice_accepted_at timestamptz;

-- +goose Down
ALTER TABLE purchase_status DROP COLUMN notice_accepted_at, DROP COLUMN set_by;
DROP TABLE dispute, refund_restock, refund;
