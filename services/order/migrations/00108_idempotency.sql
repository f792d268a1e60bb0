-- +goose Up

-- What a request under a key of its client was answered (proto order.v1.IdempotencyService).
CREATE TABLE idempotent_request (
    owner         text NOT NULL CHECK (length(owner) BETWEEN 1 AND 100),
    operation     text NOT NULL CHECK (length(operation) BETWEEN 1 AND 200),
    key           text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint   bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    claim         text NOT NULL,
    claimed_until timestamptz NOT NULL,
    -- Null while the first request is under way.
    status        integer,
    content_type  text,
    body          bytea CHECK (octet_length(body) <= 65536),
    began_at      timestamptz NOT NULL,
    PRIMARY KEY (owner, operation, key),
    CONSTRAINT idempotent_request_answered_whole CHECK ((status IS NULL) = (body IS NULL) AND (status IS NULL) = (content_type IS NULL))
);
CREATE INDEX idempotent_request_by_age ON idempotent_request (began_at);

-- What operators did by command.
CREATE TABLE operator_action (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    done_at timestamptz NOT NULL,
    done_by text NOT NULL CHECK (length(done_by) BETWEEN 1 AND 200),
    command text NOT NULL,
    subject text NOT NULL,
    detail  text NOT NULL
);

-- +goose Down
DROP TABLE operator_action, idempotent_request;
