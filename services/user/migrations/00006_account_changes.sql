-- +goose Up

SET LOCAL lock_timeout = '3s';

-- Staff are accounts like all others; what they may do beyond a customer is decided where it is done.
ALTER TABLE accounts ADD COLUMN is_staff boolean NOT NULL DEFAULT false;
ALTER TABLE accounts ADD COLUMN is_superuser boolean NOT NULL DEFAULT false;

-- SHA-256 of the newest reset code; it is good for an hour (contract user.md 8, defects 13 and 14).
-- migrationlint:allow validates-constraint because the first release brings this with its empty table; on a large one, everybody would wait until all rows are read
ALTER TABLE accounts ADD COLUMN reset_code_hash bytea CHECK (octet_length(reset_code_hash) = 32);
ALTER TABLE accounts ADD COLUMN reset_requested_at timestamptz;
-- migrationlint:allow validates-constraint because the first release brings this with its empty table; on a large one, everybody would wait until all rows are read
ALTER TABLE accounts ADD CONSTRAINT accounts_reset_code_dated CHECK ((reset_code_hash IS NULL) = (reset_requested_at IS NULL));

-- The person behind the account asked to be forgotten: what is left is the number that the books point at.
ALTER TABLE accounts ADD COLUMN anonymised_at timestamptz;

-- Which account has an address for its own: the first that verified it while nobody else had. Guest orders of the address
-- are this account's (contract user.md 8, defect 10).
CREATE TABLE claimed_addresses (
    address    text        PRIMARY KEY CHECK (address = lower(address) AND char_length(address) BETWEEN 1 AND 254),
    account_id bigint      NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    claimed_at timestamptz NOT NULL
);

CREATE INDEX claimed_addresses_account_id_idx ON claimed_addresses (account_id);

-- What the owner of an account sees of a session, and how it is named where its token must not be.
-- migrationlint:allow unique-constraint because the first release brings this with its empty table; on a large one, everybody would wait for the whole build
-- migrationlint:allow table-rewrite because the first release brings this with its empty table; on a large one, everybody would wait until all rows are written anew
ALTER TABLE sessions ADD COLUMN reference uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT sessions_reference_key UNIQUE;
-- migrationlint:allow validates-constraint because the first release brings this with its empty table; on a large one, everybody would wait until all rows are read
ALTER TABLE sessions ADD COLUMN user_agent text NOT NULL DEFAULT '' CHECK (char_length(user_agent) <= 200);

-- How often in a row somebody tried to log in under a name, existing or not. The subject is a hash of the name. UNLOGGED:
-- as rate_limits.
CREATE UNLOGGED TABLE login_failures (
    subject       bytea       PRIMARY KEY CHECK (octet_length(subject) = 32),
    failures      integer     NOT NULL CHECK (failures > 0),
    last_tried_at timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);

CREATE INDEX login_failures_last_tried_at_idx ON login_failures (last_tried_at);

-- From where an account was entered with the right password: who comes from there need not wait because of strangers who
-- guess at its name. The network is a keyed hash of the client's address.
CREATE TABLE known_networks (
    account_id   bigint      NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    network_hash bytea       NOT NULL CHECK (octet_length(network_hash) = 32),
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, network_hash)
);

CREATE INDEX known_networks_last_seen_at_idx ON known_networks (last_seen_at);

-- +goose Down
DROP TABLE known_networks;
DROP TABLE login_failures;
ALTER TABLE sessions DROP COLUMN user_agent, DROP COLUMN reference;
DROP TABLE claimed_addresses;
ALTER TABLE accounts DROP COLUMN anonymised_at, DROP COLUMN reset_requested_at, DROP COLUMN reset_code_hash,
    DROP COLUMN is_superuser, DROP COLUMN is_staff;
