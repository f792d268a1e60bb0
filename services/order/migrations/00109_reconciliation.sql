-- +goose Up

SET LOCAL lock_timeout = '3s';

-- Up to when the daily job has compared the books with Stripe's; what it did not come to is the next one's.
CREATE TABLE reconciliation (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_at     timestamptz NOT NULL,
    until_at    timestamptz NOT NULL CHECK (until_at > from_at),
    finished_at timestamptz NOT NULL,
    payments    integer NOT NULL CHECK (payments >= 0),
    orders      integer NOT NULL CHECK (orders >= 0),
    findings    integer NOT NULL CHECK (findings >= 0)
);

-- The checkouts of a period lie beside each other, as they are never changed in their time.
-- migrationlint:allow index-locks because the first release brings this with its empty table; on a large one, writers would wait for the whole build
CREATE INDEX checkout_by_age ON checkout USING brin (created_at);

-- +goose Down
DROP INDEX checkout_by_age;
DROP TABLE reconciliation;
