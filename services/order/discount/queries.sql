-- A use is a checkout that is open, on its way to being paid, or paid. One that ended otherwise gives its use back by itself.

-- The unsettled checkouts of the cart's owner do not make a code look used up: they end before the owner gets another.
-- name: CodesOfCart :many
SELECT code.id, code.code, code.description, code.starts_at, code.ends_at, code.combinable, code.amount_hundredths,
       code.order_minimum_minor, kind.title AS type_title, kind.description AS type_description, kind.applies_to, kind.action,
       (code.usage_limit IS NOT NULL AND code.usage_limit <= (
           SELECT count(*) FROM checkout_discount used JOIN checkout ON checkout.id = used.checkout_id
           WHERE used.discount_code_id = code.id AND used.applied AND checkout.state IN ('open', 'superseded', 'completed')
             AND (checkout.state = 'completed' OR NOT coalesce(
                 checkout.cart_id = cart.id OR checkout.account_id = cart.account_id OR checkout.anonymous_cart_id = cart.anonymous_id, false)))
        OR code.usage_limit_per_customer IS NOT NULL AND code.usage_limit_per_customer <= (
           SELECT count(*) FROM checkout_discount used JOIN checkout ON checkout.id = used.checkout_id
           WHERE used.discount_code_id = code.id AND used.applied AND checkout.state = 'completed'
             AND (checkout.account_id = cart.account_id OR checkout.anonymous_cart_id = cart.anonymous_id)))::boolean AS used_up
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

-- name: CountUses :one
SELECT count(*) AS in_all,
       count(*) FILTER (WHERE checkout.account_id = @account_id::bigint AND @account_id::bigint > 0
                           OR lower(coalesce(nullif(purchase.email, ''), checkout.email)) = lower(@email::text) AND @email::text <> '') AS by_customer
FROM checkout_discount used
JOIN checkout ON checkout.id = used.checkout_id
LEFT JOIN purchase ON purchase.checkout_id = checkout.id
WHERE used.discount_code_id = @code_id AND used.applied AND checkout.state IN ('open', 'superseded', 'completed');

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
       count(checkout.id) FILTER (WHERE checkout.state IN ('open', 'superseded')) AS under_way,
       coalesce(sum(used.discount_minor) FILTER (WHERE checkout.state = 'completed'), 0)::bigint AS taken_minor
FROM discount_code AS code
JOIN discount_type AS kind ON kind.id = code.discount_type_id
LEFT JOIN checkout_discount AS used ON used.discount_code_id = code.id AND used.applied
LEFT JOIN checkout ON checkout.id = used.checkout_id
GROUP BY code.id, kind.id
ORDER BY code.id;
