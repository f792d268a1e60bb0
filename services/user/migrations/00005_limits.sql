-- +goose Up

-- How often something was tried in one window of time. UNLOGGED: the counters are worth nothing after a crash of the
-- database, and every login writes one.
CREATE UNLOGGED TABLE rate_limits (
    rule       text        NOT NULL,
    subject    text        NOT NULL CHECK (char_length(subject) <= 200),
    ends_at    timestamptz NOT NULL,
    uses       integer     NOT NULL CHECK (uses > 0),
    PRIMARY KEY (rule, subject, ends_at)
);

CREATE INDEX rate_limits_ends_at_idx ON rate_limits (ends_at);

-- +goose Down
DROP TABLE rate_limits;
