-- +goose NO TRANSACTION
-- +goose Up

SET lock_timeout = '1min';

-- How often a customer used a code is counted from the customer's checkouts, under the lock of the code (discount/queries.sql).
CREATE INDEX CONCURRENTLY IF NOT EXISTS checkout_with_codes_of_account ON checkout (account_id) WHERE discount_codes > 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS checkout_with_codes_of_guest ON checkout (anonymous_cart_id) WHERE discount_codes > 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS checkout_with_codes_by_email ON checkout (lower(email)) WHERE discount_codes > 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS purchase_by_email ON purchase (lower(email));

-- +goose Down
DROP INDEX purchase_by_email;
DROP INDEX checkout_with_codes_by_email;
DROP INDEX checkout_with_codes_of_guest;
DROP INDEX checkout_with_codes_of_account;
