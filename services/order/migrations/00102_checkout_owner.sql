-- +goose Up

SET LOCAL lock_timeout = '3s';

-- Which guests turned out to be which account: their carts went to it. Those may be gone; a checkout of one may still be
-- paid, and must not be payable beside one of the account's cart.
CREATE TABLE guest_adopted (
    account_id   bigint NOT NULL CHECK (account_id > 0),
    anonymous_id text NOT NULL CHECK (anonymous_id ~ '^[A-Za-z0-9]{20}$'),
    adopted_at   timestamptz NOT NULL,
    PRIMARY KEY (account_id, anonymous_id)
);

-- A start ends what its owner's earlier carts left payable.
-- migrationlint:allow index-locks because the first release brings this with its empty table; on a large one, writers would wait for the whole build
CREATE INDEX checkout_unsettled_of_account ON checkout (account_id) WHERE state IN ('open', 'superseded') AND account_id IS NOT NULL;
-- migrationlint:allow index-locks because the first release brings this with its empty table; on a large one, writers would wait for the whole build
CREATE INDEX checkout_unsettled_of_guest ON checkout (anonymous_cart_id) WHERE state IN ('open', 'superseded') AND anonymous_cart_id IS NOT NULL;

-- +goose Down
DROP INDEX checkout_unsettled_of_guest;
DROP INDEX checkout_unsettled_of_account;
DROP TABLE guest_adopted;
