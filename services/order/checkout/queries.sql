-- name: InsertCheckout :one
-- The whole checkout in one statement; lists come as JSON, keyed by column.
WITH made AS (
    INSERT INTO checkout (
        reference, cart_id, account_id, anonymous_cart_id, email, fingerprint, currency,
        item_subtotal_minor, item_discount_minor, shipping_minor, shipping_discount_minor, total_minor,
        shipping_identifier, shipping_carrier, shipping_tracking_base_url,
        terms_agreed_at, traceparent, created_at, newsletter, state, state_since, next_check_at, discount_codes
    ) VALUES (
        sqlc.arg(reference), sqlc.arg(cart_id), sqlc.narg(account_id), sqlc.narg(anonymous_cart_id), sqlc.arg(email), sqlc.arg(fingerprint), sqlc.arg(currency),
        sqlc.arg(item_subtotal_minor), sqlc.arg(item_discount_minor), sqlc.arg(shipping_minor), sqlc.arg(shipping_discount_minor), sqlc.arg(total_minor),
        sqlc.arg(shipping_identifier), sqlc.arg(shipping_carrier), sqlc.arg(shipping_tracking_base_url),
        sqlc.arg(created_at), sqlc.arg(traceparent), sqlc.arg(created_at), sqlc.arg(newsletter), 'open', sqlc.arg(created_at), sqlc.arg(next_check_at)::timestamptz, sqlc.arg(discount_codes)
    )
    RETURNING *
), line AS (
    INSERT INTO checkout_line (
        checkout_id, position, sku_id, quantity, price_minor, discount_minor, color, size, description,
        inventory_identifier, inventory_title, inventory_description,
        product_identifier, product_title, product_title_url, image_url
    )
    SELECT made.id, l.position, l.sku_id, l.quantity, l.price_minor, l.discount_minor, l.color, l.size, l.description,
           l.inventory_identifier, l.inventory_title, l.inventory_description,
           l.product_identifier, l.product_title, l.product_title_url, l.image_url
    FROM made, jsonb_to_recordset(sqlc.arg(lines)::jsonb) AS l(
        position integer, sku_id bigint, quantity integer, price_minor bigint, discount_minor bigint, color text, size text, description text,
        inventory_identifier text, inventory_title text, inventory_description text,
        product_identifier text, product_title text, product_title_url text, image_url text)
), discount AS (
    INSERT INTO checkout_discount (
        checkout_id, position, discount_code_id, code, description, starts_at, ends_at, combinable,
        amount_hundredths, order_minimum_minor, type_title, type_description, applies_to, action, applied, discount_minor
    )
    SELECT made.id, d.position, d.discount_code_id, d.code, d.description, d.starts_at, d.ends_at, d.combinable,
           d.amount_hundredths, d.order_minimum_minor, d.type_title, d.type_description, d.applies_to, d.action, d.applied, d.discount_minor
    FROM made, jsonb_to_recordset(sqlc.arg(discounts)::jsonb) AS d(
        position integer, discount_code_id bigint, code text, description text, starts_at timestamptz, ends_at timestamptz, combinable boolean,
        amount_hundredths bigint, order_minimum_minor bigint, type_title text, type_description text, applies_to text, action text, applied boolean, discount_minor bigint)
)
SELECT * FROM made;

-- name: ListCheckoutDiscounts :many
SELECT * FROM checkout_discount WHERE checkout_id = sqlc.arg(checkout_id) ORDER BY position;

-- name: PromisedPieces :many
-- What other checkouts have promised of SKUs: those that may still be paid. One that was replaced before it had a session
-- cannot be: nobody was told of its session.
SELECT checkout_line.sku_id, sum(checkout_line.quantity)::bigint AS pieces
FROM checkout JOIN checkout_line ON checkout_line.checkout_id = checkout.id
WHERE checkout.state IN ('open', 'superseded') AND (checkout.state = 'open' OR checkout.session_id IS NOT NULL)
  AND checkout.id <> sqlc.arg(but_checkout_id) AND checkout_line.sku_id = ANY(sqlc.arg(sku_ids)::bigint[])
GROUP BY checkout_line.sku_id;

-- name: LockOpenCheckout :one
-- The cart is locked by the caller, so nobody else starts a checkout of it meanwhile.
SELECT * FROM checkout WHERE cart_id = sqlc.arg(cart_id) AND state = 'open' FOR UPDATE;

-- name: SupersedeForerunners :many
-- Takes the place of open checkouts of carts that this one took the place of: its owner's earlier ones, also as a guest. Answers
-- all sessions that were replaced, now or before, of this cart too, and may still be paid.
WITH replaced AS (
    UPDATE checkout SET state = 'superseded', state_since = sqlc.arg(now), next_check_at = sqlc.arg(next_check_at)::timestamptz, checks = 0
    WHERE checkout.state = 'open' AND checkout.cart_id <> sqlc.arg(cart_id)
      AND (checkout.account_id = sqlc.narg(account_id) OR checkout.anonymous_cart_id = ANY(sqlc.arg(guests)::text[]))
    RETURNING checkout.id, checkout.session_id
)
SELECT replaced.id, replaced.session_id::text AS session_id FROM replaced WHERE replaced.session_id IS NOT NULL
UNION ALL
SELECT checkout.id, checkout.session_id::text FROM checkout
WHERE checkout.state = 'superseded' AND checkout.session_id IS NOT NULL
  AND (checkout.cart_id = sqlc.arg(cart_id) OR checkout.account_id = sqlc.narg(account_id) OR checkout.anonymous_cart_id = ANY(sqlc.arg(guests)::text[]))
ORDER BY 1;

-- name: SupersedeCheckout :exec
UPDATE checkout SET state = 'superseded', state_since = sqlc.arg(now), next_check_at = sqlc.arg(next_check_at)::timestamptz, checks = 0
WHERE id = sqlc.arg(id) AND state = 'open';

-- name: KeepNewsletterChoice :exec
UPDATE checkout SET newsletter = sqlc.arg(newsletter) WHERE id = sqlc.arg(id) AND newsletter <> sqlc.arg(newsletter);

-- name: StoreSession :one
-- The session is kept whatever became of the checkout meanwhile: the caller decides by the state.
UPDATE checkout
SET session_id = sqlc.arg(session_id)::text, session_url = sqlc.arg(session_url)::text, session_expires_at = sqlc.arg(session_expires_at)::timestamptz
WHERE id = sqlc.arg(id) AND (session_id IS NULL OR session_id = sqlc.arg(session_id)::text)
RETURNING state;

-- name: FindCheckoutOfSession :one
-- By the reference that the session carries; by the session itself only if that leads nowhere.
SELECT * FROM checkout
WHERE reference = sqlc.arg(reference) OR session_id = sqlc.arg(session_id)::text
ORDER BY (reference = sqlc.arg(reference)) DESC
LIMIT 1;

-- name: IsUnsettledSession :one
SELECT EXISTS (SELECT FROM checkout WHERE session_id = sqlc.arg(session_id)::text AND state IN ('open', 'superseded'));

-- name: ListCheckoutLines :many
SELECT * FROM checkout_line WHERE checkout_id = sqlc.arg(checkout_id) ORDER BY position;

-- name: LockCheckoutState :one
SELECT state, session_id FROM checkout WHERE id = sqlc.arg(id) FOR UPDATE;

-- name: KnownOfPayment :one
-- Asked after LockCheckoutState, as what was waited for is not in the view of the statement that waited: whether the session has an
-- order, whether operators have given its money back because it had none, and whether they were asked to.
SELECT coalesce((SELECT purchase.identifier FROM purchase WHERE purchase.session_id = sqlc.arg(session_id)), '')::text AS order_identifier,
       EXISTS (SELECT FROM refund WHERE refund.payment_intent = sqlc.arg(payment_intent) AND refund.exception_id IS NOT NULL AND refund.state <> 'failed')::boolean AS given_back,
       EXISTS (SELECT FROM payment_exception WHERE payment_exception.session_id = sqlc.arg(session_id) AND payment_exception.resolved_at IS NULL)::boolean AS excepted;

-- name: CompleteCheckout :exec
UPDATE checkout SET state = 'completed', state_since = sqlc.arg(now), next_check_at = NULL WHERE id = sqlc.arg(id);

-- name: EndCheckout :exec
-- Only by the session it waits for; a paid or an odd checkout stays what it is.
UPDATE checkout SET state = 'expired', state_since = sqlc.arg(now), next_check_at = NULL
WHERE id = sqlc.arg(id) AND session_id = sqlc.arg(session_id)::text AND state IN ('open', 'superseded');

-- name: EndCheckoutWithoutSession :exec
UPDATE checkout SET state = 'expired', state_since = sqlc.arg(now), next_check_at = NULL
WHERE id = sqlc.arg(id) AND session_id IS NULL AND state IN ('open', 'superseded');

-- name: EndCheckoutOfSession :exec
UPDATE checkout SET state = 'expired', state_since = sqlc.arg(now), next_check_at = NULL
WHERE session_id = sqlc.arg(session_id)::text AND state IN ('open', 'superseded');

-- name: MarkException :exec
UPDATE checkout SET state = 'exception', state_since = sqlc.arg(now), next_check_at = NULL
WHERE id = sqlc.arg(id) AND state <> 'completed';

-- name: ReturnCheckouts :exec
-- Claimed and not asked about: due again at once, as if they had not been claimed.
UPDATE checkout SET next_check_at = sqlc.arg(now)::timestamptz, checks = greatest(checks - 1, 0)
WHERE id = ANY(sqlc.arg(ids)::bigint[]) AND state IN ('open', 'superseded');

-- name: HasPaymentException :one
SELECT EXISTS (SELECT FROM payment_exception WHERE session_id = sqlc.arg(session_id));

-- name: ClaimDueCheckouts :many
-- Takes checkouts whose time has come and sets their next time at once, so that another process, or this one after
-- a crash, leaves them alone until then. Times double up to an hour; the end of the session is never slept through.
WITH due AS (
    SELECT id FROM checkout
    WHERE next_check_at <= sqlc.arg(now)::timestamptz
    ORDER BY next_check_at
    LIMIT sqlc.arg(most)
    FOR UPDATE SKIP LOCKED
)
UPDATE checkout
SET checks = checks + 1,
    next_check_at = least(
        sqlc.arg(now)::timestamptz + make_interval(secs => least(sqlc.arg(first_seconds)::float8 * power(2, least(checks + 1, 20)), 3600)),
        CASE WHEN session_expires_at > sqlc.arg(now)::timestamptz THEN session_expires_at + interval '1 minute' END)
FROM due
WHERE checkout.id = due.id
RETURNING checkout.id, checkout.reference, checkout.state, checkout.session_id, checkout.session_expires_at, checkout.created_at;

-- name: ListCheckoutsOfAccount :many
-- Its own, and those of the guest's orders that it claimed.
SELECT * FROM checkout
WHERE account_id = sqlc.arg(account_id)::bigint
   OR id IN (SELECT claimed.checkout_id FROM purchase AS claimed WHERE claimed.account_id = sqlc.arg(account_id)::bigint)
ORDER BY id;

-- name: ListExceptionsOfCheckouts :many
SELECT * FROM payment_exception WHERE checkout_id = ANY(sqlc.arg(checkout_ids)::bigint[]) ORDER BY id;

-- name: ListRefundsOfCheckout :many
-- Of payments that became no order; those of an order are the order's.
SELECT r.* FROM refund AS r JOIN payment_exception AS x ON x.id = r.exception_id
WHERE x.checkout_id = sqlc.arg(checkout_id)::bigint ORDER BY r.id;

-- name: ListDisputesOfCheckout :many
SELECT d.* FROM dispute AS d
WHERE d.purchase_id IS NULL AND d.payment_intent IN (
    SELECT x.payment_intent FROM payment_exception AS x WHERE x.checkout_id = sqlc.arg(checkout_id)::bigint AND x.payment_intent <> '')
ORDER BY d.opened_at, d.dispute_id;

-- name: LockNamedCheckoutsOfAccount :many
-- Those above, and what guests left unordered who turned out to be this account and no other: nobody has a use for their
-- address any more. Without those that are anonymised already.
SELECT id, reference, state, session_expires_at FROM checkout
WHERE fingerprint <> 'anonymised'
  AND (account_id = sqlc.arg(account_id)::bigint
       OR id IN (SELECT claimed.checkout_id FROM purchase AS claimed WHERE claimed.account_id = sqlc.arg(account_id)::bigint)
       OR state <> 'completed' AND anonymous_cart_id IN (
           SELECT mine.anonymous_id FROM guest_adopted AS mine
           WHERE mine.account_id = sqlc.arg(account_id)::bigint AND NOT EXISTS (
               SELECT FROM guest_adopted AS other WHERE other.anonymous_id = mine.anonymous_id AND other.account_id <> mine.account_id)))
ORDER BY id FOR UPDATE;

-- name: AnonymiseCheckouts :exec
-- The fingerprint is made of the address too, and could be tried out.
UPDATE checkout SET email = '', anonymous_cart_id = NULL, fingerprint = 'anonymised'
WHERE id = ANY(sqlc.arg(ids)::bigint[]);

-- name: AnonymiseExceptions :exec
UPDATE payment_exception SET email = '' WHERE checkout_id = ANY(sqlc.arg(ids)::bigint[]);
