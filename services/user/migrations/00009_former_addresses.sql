-- +goose Up

SET LOCAL lock_timeout = '3s';

-- Addresses that an account had claimed until it took another one. Export and anonymising still look there for what the
-- person left without logging in.
CREATE TABLE former_addresses (
    address    text        NOT NULL CHECK (address = lower(address) AND char_length(address) BETWEEN 1 AND 254),
    account_id bigint      NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    left_at    timestamptz NOT NULL,
    PRIMARY KEY (address, account_id)
);

CREATE INDEX former_addresses_account_id_idx ON former_addresses (account_id);

-- +goose Down
DROP TABLE former_addresses;
