-- +goose Up

-- The inbox: one row per Stripe event, however often it is delivered.
CREATE TABLE webhook_event (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id          text        NOT NULL CONSTRAINT webhook_event_event_id UNIQUE CHECK (length(event_id) BETWEEN 1 AND 255),
    type              text        NOT NULL CHECK (length(type) BETWEEN 1 AND 255),
    session_id        text        CHECK (length(session_id) BETWEEN 1 AND 255),
    -- The facts of the event without the customer: names, addresses, e-mail and phone are never kept here.
    payload           jsonb       NOT NULL,
    api_version       text        NOT NULL,
    livemode          boolean     NOT NULL,
    concerns_checkout boolean     NOT NULL,
    deliveries        integer     NOT NULL DEFAULT 1 CHECK (deliveries >= 1),
    received_at       timestamptz NOT NULL,
    last_received_at  timestamptz NOT NULL,
    handled_at        timestamptz,
    CONSTRAINT webhook_event_handled_unless_ours CHECK (concerns_checkout OR handled_at IS NOT NULL),
    CONSTRAINT webhook_event_session_when_ours CHECK (NOT concerns_checkout OR session_id IS NOT NULL)
);
-- The sweep's question; handled events leave the index.
CREATE INDEX webhook_event_unhandled ON webhook_event (received_at, id) WHERE handled_at IS NULL;

-- +goose Down
DROP TABLE webhook_event;
