-- +goose Up

SET LOCAL lock_timeout = '3s';

-- An order ("order" is a word of SQL). Everything about it is its own copy, so that no later edit of the catalogue
-- reaches it (contract order.md O-16).
CREATE TABLE purchase (
    id                       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identifier               text NOT NULL UNIQUE CHECK (identifier ~ '^[A-Za-z0-9]{10}$'),
    -- The three that make two orders of one payment impossible.
    checkout_id              bigint NOT NULL UNIQUE REFERENCES checkout (id),
    session_id               text NOT NULL UNIQUE CHECK (session_id <> ''),
    -- The payment intent; the session when no payment was required.
    payment_key              text NOT NULL UNIQUE CHECK (payment_key <> ''),
    account_id               bigint CHECK (account_id > 0),
    prospect_id              bigint CHECK (prospect_id > 0),
    email                    text NOT NULL,
    customer_name            text NOT NULL,
    newsletter               boolean NOT NULL,
    currency                 text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    item_subtotal_minor      bigint NOT NULL CHECK (item_subtotal_minor >= 0),
    item_discount_minor      bigint NOT NULL CHECK (item_discount_minor >= 0),
    shipping_minor           bigint NOT NULL CHECK (shipping_minor >= 0),
    shipping_discount_minor  bigint NOT NULL CHECK (shipping_discount_minor >= 0),
    sales_tax_minor          bigint NOT NULL CHECK (sales_tax_minor >= 0),
    total_minor              bigint NOT NULL CHECK (total_minor >= 0),
    terms_agreed_at          timestamptz NOT NULL,
    ordered_at               timestamptz NOT NULL,
    -- When the user service took over the confirmation mail.
    confirmation_accepted_at timestamptz,

    CONSTRAINT purchase_total_adds_up
        CHECK (total_minor = item_subtotal_minor - item_discount_minor + shipping_minor - shipping_discount_minor + sales_tax_minor)
);

CREATE INDEX purchase_of_account ON purchase (account_id, ordered_at DESC) WHERE account_id IS NOT NULL;
CREATE INDEX purchase_of_guest_email ON purchase (lower(email)) WHERE account_id IS NULL;
CREATE INDEX purchase_unconfirmed ON purchase (ordered_at) WHERE confirmation_accepted_at IS NULL;

CREATE TABLE purchase_line (
    purchase_id           bigint NOT NULL REFERENCES purchase (id),
    position              integer NOT NULL CHECK (position > 0),
    -- Without a foreign key: a SKU that leaves the catalogue stays in the order.
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
    PRIMARY KEY (purchase_id, position),
    UNIQUE (purchase_id, sku_id)
);

CREATE TABLE purchase_shipping_method (
    purchase_id       bigint PRIMARY KEY REFERENCES purchase (id),
    identifier        text NOT NULL,
    carrier           text NOT NULL,
    tracking_base_url text NOT NULL,
    tracking_number   text
);

CREATE TABLE purchase_address (
    purchase_id bigint NOT NULL REFERENCES purchase (id),
    kind        text NOT NULL CHECK (kind IN ('shipping', 'billing')),
    name        text NOT NULL,
    line1       text NOT NULL,
    line2       text NOT NULL,
    city        text NOT NULL,
    state       text NOT NULL,
    postal_code text NOT NULL,
    country     text NOT NULL,
    phone       text NOT NULL,
    PRIMARY KEY (purchase_id, kind)
);

CREATE TABLE purchase_payment (
    purchase_id       bigint PRIMARY KEY REFERENCES purchase (id),
    payment_type      text NOT NULL,
    payment_intent_id text UNIQUE CHECK (payment_intent_id <> ''),
    card_name         text NOT NULL,
    -- What Stripe said, as it said it.
    currency          text NOT NULL,
    subtotal_minor    bigint NOT NULL CHECK (subtotal_minor >= 0),
    discount_minor    bigint NOT NULL CHECK (discount_minor >= 0),
    tax_minor         bigint NOT NULL CHECK (tax_minor >= 0),
    shipping_minor    bigint NOT NULL CHECK (shipping_minor >= 0),
    total_minor       bigint NOT NULL CHECK (total_minor >= 0)
);

-- A state may be entered more than once (contract order.md O-23).
CREATE TABLE purchase_status (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purchase_id bigint NOT NULL REFERENCES purchase (id),
    identifier  text NOT NULL CHECK (identifier <> ''),
    title       text NOT NULL,
    description text NOT NULL,
    set_at      timestamptz NOT NULL
);

CREATE INDEX purchase_status_of_purchase ON purchase_status (purchase_id, set_at DESC, id DESC);

-- +goose Down
DROP TABLE purchase_status;
DROP TABLE purchase_payment;
DROP TABLE purchase_address;
DROP TABLE purchase_shipping_method;
DROP TABLE purchase_line;
DROP TABLE purchase;
