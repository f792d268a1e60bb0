-- +goose Up

-- A frozen cart on its way to being paid. Nothing in a row changes after it is written but the columns from
-- "newsletter" down: what was shown at Stripe is what the order will be (contract payment.md P-01).
CREATE TABLE checkout (
    id                         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Goes to Stripe as client_reference_id; the prefix lets a stray payment be known as ours.
    reference                  text NOT NULL UNIQUE CHECK (reference ~ '^checkout_[A-Za-z0-9]{32}$'),
    -- Without a foreign key: carts come and go, checkouts stay.
    cart_id                    bigint NOT NULL,
    account_id                 bigint CHECK (account_id > 0),
    anonymous_cart_id          text,
    email                      text NOT NULL,
    fingerprint                text NOT NULL CHECK (fingerprint <> ''),
    currency                   text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    item_subtotal_minor        bigint NOT NULL CHECK (item_subtotal_minor >= 0),
    item_discount_minor        bigint NOT NULL CHECK (item_discount_minor BETWEEN 0 AND item_subtotal_minor),
    shipping_minor             bigint NOT NULL CHECK (shipping_minor >= 0),
    shipping_discount_minor    bigint NOT NULL CHECK (shipping_discount_minor BETWEEN 0 AND shipping_minor),
    total_minor                bigint NOT NULL,
    shipping_identifier        text NOT NULL,
    shipping_carrier           text NOT NULL,
    shipping_tracking_base_url text NOT NULL,
    terms_agreed_at            timestamptz NOT NULL,
    traceparent                text NOT NULL,
    created_at                 timestamptz NOT NULL,
    newsletter                 boolean NOT NULL,
    state                      text NOT NULL CHECK (state IN ('open', 'superseded', 'completed', 'expired', 'exception')),
    state_since                timestamptz NOT NULL,
    session_id                 text UNIQUE CHECK (session_id <> ''),
    session_url                text,
    session_expires_at         timestamptz,
    -- When the sweep looks at it next; null once there is nothing left to learn.
    next_check_at              timestamptz,
    checks                     integer NOT NULL DEFAULT 0 CHECK (checks >= 0),

    CONSTRAINT checkout_total_adds_up
        CHECK (total_minor = item_subtotal_minor - item_discount_minor + shipping_minor - shipping_discount_minor),
    CONSTRAINT checkout_session_is_whole
        CHECK ((session_id IS NULL) = (session_url IS NULL) AND (session_id IS NULL) = (session_expires_at IS NULL)),
    CONSTRAINT checkout_is_watched_while_unsettled
        CHECK ((state IN ('open', 'superseded')) = (next_check_at IS NOT NULL))
);

CREATE UNIQUE INDEX checkout_one_open_per_cart ON checkout (cart_id) WHERE state = 'open';
CREATE INDEX checkout_unsettled_of_cart ON checkout (cart_id) WHERE state IN ('open', 'superseded');
CREATE INDEX checkout_due ON checkout (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE TABLE checkout_line (
    checkout_id           bigint NOT NULL REFERENCES checkout (id),
    position              integer NOT NULL CHECK (position > 0),
    sku_id                bigint NOT NULL,
    quantity              integer NOT NULL CHECK (quantity > 0),
    price_minor           bigint NOT NULL CHECK (price_minor >= 0),
    color                 text,
    size                  text,
    description           text,
    inventory_identifier  text NOT NULL,
    inventory_title       text NOT NULL,
    inventory_description text,
    product_identifier    text NOT NULL,
    product_title         text NOT NULL,
    product_title_url     text NOT NULL,
    image_url             text NOT NULL,
    PRIMARY KEY (checkout_id, position),
    UNIQUE (checkout_id, sku_id)
);

-- Money that came and is no order: for an operator to resolve (design section 4.3).
CREATE TABLE payment_exception (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id       text NOT NULL,
    reason           text NOT NULL CHECK (reason IN ('unknown-reference', 'currency-mismatch', 'amount-mismatch', 'paid-again')),
    reference        text NOT NULL,
    checkout_id      bigint REFERENCES checkout (id),
    payment_intent   text NOT NULL,
    expected_minor   bigint,
    currency         text NOT NULL,
    subtotal_minor   bigint NOT NULL,
    discount_minor   bigint NOT NULL,
    tax_minor        bigint NOT NULL,
    shipping_minor   bigint NOT NULL,
    total_minor      bigint NOT NULL,
    email            text NOT NULL,
    noticed_at       timestamptz NOT NULL,
    resolved_at      timestamptz,
    resolved_by      text,
    resolution       text,
    UNIQUE (session_id, reason),
    CHECK ((resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NULL) = (resolution IS NULL))
);

CREATE INDEX payment_exception_unresolved ON payment_exception (noticed_at) WHERE resolved_at IS NULL;

-- +goose Down
DROP TABLE payment_exception;
DROP TABLE checkout_line;
DROP TABLE checkout;
