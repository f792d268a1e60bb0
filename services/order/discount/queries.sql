-- A use is a checkout that is open, replaced but payable, or paid. One that ended otherwise gives its use back by itself, and so does
-- one that was replaced before it had a session: nobody was told of that (as in checkout/queries.sql, PromisedPieces).
--
-- Uses are counted up to the limit and no further, checkout by checkout: a join would let the planner read all that there ever were.

-- The unsettled checkouts of the cart's owner do not make a code look used up: they end before the owner gets another. Whoever has
-- one that does not end, because slow money is on its way, is told at the start (package checkout).
-- name: CodesOfCart :many
SELECT code.id, code.code, code.description, code.starts_at, code.ends_at, code.combinable, code.amount_hundredths,
       code.order_minimum_minor, kind.title AS type_title, kind.description AS type_description, kind.applies_to, kind.action,
       (code.usage_limit IS NOT NULL AND code.usage_limit <= (
           SELECT count(*) FROM (
               SELECT used.checkout_id FROM checkout_discount AS used
               WHERE used.discount_code_id = code.id AND used.applied AND (
                   SELECT checkout.state = 'completed'
                       OR (checkout.state = 'open' OR checkout.state = 'superseded' AND checkout.session_id IS NOT NULL) AND NOT coalesce(
                           checkout.cart_id = cart.id OR checkout.account_id = cart.account_id OR checkout.anonymous_cart_id = cart.anonymous_id, false)
                   FROM checkout WHERE checkout.id = used.checkout_id)
               LIMIT coalesce(code.usage_limit, 0)) AS uses)
        OR code.usage_limit_per_customer IS NOT NULL AND code.usage_limit_per_customer <= (
           SELECT count(*) FROM (
               SELECT own.id FROM (
                   SELECT checkout.id FROM checkout WHERE checkout.account_id = cart.account_id AND checkout.discount_codes > 0
                   UNION SELECT purchase.checkout_id FROM purchase WHERE purchase.account_id = cart.account_id
                   UNION SELECT checkout.id FROM checkout WHERE checkout.anonymous_cart_id = cart.anonymous_id AND checkout.discount_codes > 0) AS own
               JOIN checkout_discount AS used ON used.checkout_id = own.id AND used.discount_code_id = code.id AND used.applied
               JOIN checkout ON checkout.id = own.id AND checkout.state = 'completed'
               LIMIT coalesce(code.usage_limit_per_customer, 0)) AS uses))::boolean AS used_up
FROM cart_discount
JOIN cart ON cart.id = cart_discount.cart_id
JOIN discount_code AS code ON code.id = cart_discount.discount_code_id
JOIN discount_type AS kind ON kind.id = code.discount_type_id
WHERE cart_discount.cart_id = @cart_id
ORDER BY cart_discount.id;

-- name: FindCode :one
SELECT id, starts_at, ends_at FROM discount_code WHERE code = @code;

-- name: CodeExists :one
SELECT EXISTS (SELECT FROM discount_code WHERE id = @id);

-- Only codes with a limit are locked: of the others there is nothing to count, and many may use them at once.
-- name: LockCodes :many
WITH locked AS MATERIALIZED (
    SELECT id FROM discount_code
    WHERE id = ANY(@ids::bigint[]) AND (usage_limit IS NOT NULL OR usage_limit_per_customer IS NOT NULL)
    ORDER BY id FOR NO KEY UPDATE
)
SELECT code.id, code.starts_at, code.ends_at, code.usage_limit, code.usage_limit_per_customer, (locked.id IS NOT NULL)::boolean AS limited
FROM discount_code AS code LEFT JOIN locked ON locked.id = code.id
WHERE code.id = ANY(@ids::bigint[])
ORDER BY code.id;

-- Nothing is counted where there is no limit. A customer's checkouts are found from the customer, who has few, not from the code. An
-- order that a guest made is the account's that claimed it.
-- name: CountUses :one
SELECT (SELECT count(*) FROM (
            SELECT used.checkout_id FROM checkout_discount AS used
            WHERE used.discount_code_id = code.id AND used.applied AND (
                SELECT checkout.state IN ('open', 'completed') OR checkout.state = 'superseded' AND checkout.session_id IS NOT NULL
                FROM checkout WHERE checkout.id = used.checkout_id)
            LIMIT coalesce(code.usage_limit, 0)) AS uses) AS in_all,
       (SELECT count(*) FROM (
            SELECT own.id FROM (
                SELECT by_account.id FROM checkout AS by_account WHERE by_account.account_id = @account_id::bigint AND by_account.discount_codes > 0
                UNION SELECT by_email.id FROM checkout AS by_email WHERE lower(by_email.email) = lower(@email::text) AND @email::text <> '' AND by_email.discount_codes > 0
                UNION SELECT bought.checkout_id FROM purchase AS bought WHERE bought.account_id = @account_id::bigint
                UNION SELECT paid.checkout_id FROM purchase AS paid WHERE lower(paid.email) = lower(@email::text) AND @email::text <> '') AS own
            JOIN checkout_discount AS used ON used.checkout_id = own.id AND used.discount_code_id = code.id AND used.applied
            JOIN checkout ON checkout.id = own.id
            LEFT JOIN purchase ON purchase.checkout_id = own.id
            WHERE (checkout.state IN ('open', 'completed') OR checkout.state = 'superseded' AND checkout.session_id IS NOT NULL)
              AND (coalesce(purchase.account_id, checkout.account_id) = @account_id::bigint
                OR lower(coalesce(nullif(purchase.email, ''), checkout.email)) = lower(@email::text) AND @email::text <> '')
            LIMIT coalesce(code.usage_limit_per_customer, 0)) AS uses) AS by_customer
FROM discount_code AS code WHERE code.id = @code_id;

-- name: CreateCode :execrows
INSERT INTO discount_code (
    code, description, starts_at, ends_at, discount_type_id, amount_hundredths, order_minimum_minor, usage_limit, usage_limit_per_customer, created_at)
SELECT @code, @description, @starts_at, @ends_at, kind.id, @amount_hundredths, @order_minimum_minor,
       sqlc.narg(usage_limit), sqlc.narg(usage_limit_per_customer), @created_at
FROM discount_type AS kind WHERE kind.action = @action
ON CONFLICT (code) DO NOTHING;

-- A code that is over stays as it is.
-- name: EndCode :execrows
UPDATE discount_code SET ends_at = @at::timestamptz WHERE code = @code AND ends_at > @at::timestamptz;

-- name: ListCodes :many
SELECT code.id, code.code, code.description, code.starts_at, code.ends_at, code.amount_hundredths, code.order_minimum_minor,
       code.usage_limit, code.usage_limit_per_customer, kind.applies_to, kind.action,
       count(checkout.id) FILTER (WHERE checkout.state = 'completed') AS ordered,
       count(checkout.id) FILTER (WHERE checkout.state = 'open' OR checkout.state = 'superseded' AND checkout.session_id IS NOT NULL) AS under_way,
       coalesce(sum(used.discount_minor) FILTER (WHERE checkout.state = 'completed'), 0)::bigint AS taken_minor
FROM discount_code AS code
JOIN discount_type AS kind ON kind.id = code.discount_type_id
LEFT JOIN checkout_discount AS used ON used.discount_code_id = code.id AND used.applied
LEFT JOIN checkout ON checkout.id = used.checkout_id
GROUP BY code.id, kind.id
ORDER BY code.id;
