-- +goose Up

-- An add that was under way while its guest signed in looks for the account that the goods belong to now.
CREATE INDEX guest_adopted_by_guest ON guest_adopted (anonymous_id, adopted_at DESC);

-- +goose Down
DROP INDEX guest_adopted_by_guest;
