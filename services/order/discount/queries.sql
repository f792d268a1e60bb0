-- A use is a checkout that is open, on its way to being paid, or paid. One that ended otherwise gives its use back by itself.

-- name: CodesOfCart :many
SELECT code.id, code.code, code.description, code.starts_at, code.ends_at, code.combinable, code.amount_hundredths,
       code.order_minimum_minor, kind.title AS type_title, kind.description AS type_description, kind.applies_to, kind.action,
       (code.usage_limit IS NOT NULL AND code.usage_limit <= (
           SELECT count(*) FROM checkout_discount used JOIN checkout ON checkout.id = used.checkout_id
           WHERE used.discount_code_id = code.id AND used.applied AND checkout.state IN ('open', 'superseded', 'completed')
             AND (checkout.state = 'completed' OR checkout.cart_id <> cart_discount.cart_id)))::boolean AS used_up
FROM cart_discount
JOIN discount_code AS code ON code.id = cart_discount.discount_code_id
JOIN discount_type AS kind ON kind.id = code.discount_type_id
WHERE cart_discount.cart_id = @cart_id
ORDER BY cart_discount.id;

-- name: LockCodes :many
SELECT id, starts_at, ends_at, usage_limit, usage_limit_per_customer FROM discount_code
WHERE id = ANY(@ids::bigint[]) ORDER BY id FOR UPDATE;

-- name: CountUses :one
SELECT count(*) AS in_all,
       count(*) FILTER (WHERE checkout.account_id = @account_id::bigint AND @account_id::bigint > 0
                           OR lower(coalesce(nullif(purchase.email, ''), checkout.email)) = lower(@email::text) AND @email::text <> '') AS by_customer
FROM checkout_discount used
JOIN checkout ON checkout.id = used.checkout_id
LEFT JOIN purchase ON purchase.checkout_id = checkout.id
WHERE used.discount_code_id = @code_id AND used.applied AND checkout.state IN ('open', 'superseded', 'completed')
  -- Replaced before it had a session: nobody can pay it any more.
  AND (checkout.state <> 'superseded' OR checkout.session_id IS NOT NULL);
