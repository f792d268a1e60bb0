-- +goose Up

SET LOCAL lock_timeout = '3s';

-- migrationlint:allow validates-constraint because the first release brings this with its empty table; on a large one, everybody would wait until all rows are read
ALTER TABLE purchase
    -- When a guest's order became an account's, which had verified the order's address. Its checkout stays a guest's.
    -- The search for them has its index since the beginning: purchase_of_guest_email.
    ADD COLUMN claimed_at timestamptz,
    -- When everything about the person was taken out; the books stay.
    ADD COLUMN anonymised_at timestamptz,
    ADD CONSTRAINT purchase_claimed_is_somebodys CHECK (claimed_at IS NULL OR account_id IS NOT NULL),
    ADD CONSTRAINT purchase_anonymised_is_nobodys_name CHECK (anonymised_at IS NULL OR (email = '' AND customer_name = '' AND prospect_id IS NULL));

-- +goose Down
ALTER TABLE purchase
    DROP CONSTRAINT purchase_anonymised_is_nobodys_name,
    DROP CONSTRAINT purchase_claimed_is_somebodys,
    DROP COLUMN anonymised_at,
    DROP COLUMN claimed_at;
