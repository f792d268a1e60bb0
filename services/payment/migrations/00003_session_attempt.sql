-- +goose Up

SET LOCAL lock_timeout = '3s';

-- When the attempt began: the end of a session counts from it, so that a repeat under the attempt's key asks Stripe for
-- the same moment. The default is for programs of before, which do not name it while a deploy is under way.
ALTER TABLE payment_session ADD COLUMN attempt_began_at timestamptz NOT NULL DEFAULT now();

-- +goose Down
ALTER TABLE payment_session DROP COLUMN attempt_began_at;
