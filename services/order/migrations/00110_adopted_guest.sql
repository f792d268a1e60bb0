-- +goose NO TRANSACTION
-- +goose Up

SET lock_timeout = '1min';

-- An add that was under way while its guest signed in looks for the account that the goods belong to now.
CREATE INDEX CONCURRENTLY IF NOT EXISTS guest_adopted_by_guest ON guest_adopted (anonymous_id, adopted_at DESC);

-- +goose Down
DROP INDEX guest_adopted_by_guest;
