-- name: InsertPurchase :one
-- The whole order in one statement; lists come as JSON, keyed by column. No row: the identifier is taken, the caller draws
-- another one. Every other conflict is an error.
WITH made AS (
    INSERT INTO purchase (
        identifier, checkout_id, session_id, payment_key, account_id, email, customer_name, newsletter, currency,
        item_subtotal_minor, item_discount_minor, shipping_minor, shipping_discount_minor, sales_tax_minor, total_minor,
        terms_agreed_at, ordered_at
    ) VALUES (
        sqlc.arg(identifier), sqlc.arg(checkout_id), sqlc.arg(session_id), sqlc.arg(payment_key), sqlc.narg(account_id), sqlc.arg(email), sqlc.arg(customer_name), sqlc.arg(newsletter), sqlc.arg(currency)::text,
        sqlc.arg(item_subtotal_minor), sqlc.arg(item_discount_minor), sqlc.arg(shipping_minor), sqlc.arg(shipping_discount_minor), sqlc.arg(sales_tax_minor), sqlc.arg(total_minor),
        sqlc.arg(terms_agreed_at), sqlc.arg(ordered_at)::timestamptz
    )
    ON CONFLICT (identifier) DO NOTHING
    RETURNING id
), line AS (
    INSERT INTO purchase_line (
        purchase_id, position, sku_id, quantity, price_minor, discount_minor, color, size, description,
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
    INSERT INTO purchase_discount (
        purchase_id, position, discount_code_id, code, description, starts_at, ends_at, combinable,
        amount_hundredths, order_minimum_minor, type_title, type_description, applies_to, action, applied, discount_minor
    )
    SELECT made.id, d.position, d.discount_code_id, d.code, d.description, d.starts_at, d.ends_at, d.combinable,
           d.amount_hundredths, d.order_minimum_minor, d.type_title, d.type_description, d.applies_to, d.action, d.applied, d.discount_minor
    FROM made, jsonb_to_recordset(sqlc.arg(discounts)::jsonb) AS d(
        position integer, discount_code_id bigint, code text, description text, starts_at timestamptz, ends_at timestamptz, combinable boolean,
        amount_hundredths bigint, order_minimum_minor bigint, type_title text, type_description text, applies_to text, action text, applied boolean, discount_minor bigint)
), address AS (
    INSERT INTO purchase_address (purchase_id, kind, name, line1, line2, city, state, postal_code, country, phone)
    SELECT made.id, a.kind, a.name, a.line1, a.line2, a.city, a.state, a.postal_code, a.country, a.phone
    FROM made, jsonb_to_recordset(sqlc.arg(addresses)::jsonb) AS a(
        kind text, name text, line1 text, line2 text, city text, state text, postal_code text, country text, phone text)
), shipping AS (
    INSERT INTO purchase_shipping_method (purchase_id, identifier, carrier, tracking_base_url)
    SELECT made.id, sqlc.arg(shipping_identifier)::text, sqlc.arg(shipping_carrier)::text, sqlc.arg(shipping_tracking_base_url)::text FROM made
), payment AS (
    INSERT INTO purchase_payment (
        purchase_id, payment_type, payment_intent_id, card_name, currency,
        subtotal_minor, discount_minor, tax_minor, shipping_minor, total_minor
    )
    SELECT made.id, sqlc.arg(payment_type)::text, sqlc.narg(payment_intent_id)::text, sqlc.arg(card_name)::text, sqlc.arg(currency)::text,
           sqlc.arg(paid_subtotal_minor)::bigint, sqlc.arg(paid_discount_minor)::bigint, sqlc.arg(paid_tax_minor)::bigint,
           sqlc.arg(paid_shipping_minor)::bigint, sqlc.arg(paid_total_minor)::bigint
    FROM made
), first_status AS (
    INSERT INTO purchase_status (purchase_id, identifier, title, description, set_at)
    SELECT made.id, sqlc.arg(status_identifier)::text, sqlc.arg(status_title)::text, sqlc.arg(status_description)::text, sqlc.arg(ordered_at)::timestamptz
    FROM made
)
SELECT id FROM made;

-- name: FindBySession :one
SELECT identifier FROM purchase WHERE session_id = sqlc.arg(session_id);

-- name: FindByCheckout :one
SELECT identifier, session_id FROM purchase WHERE checkout_id = sqlc.arg(checkout_id);

-- name: DetailHead :many
-- What there is one of.
SELECT sqlc.embed(p), sqlc.embed(y), sqlc.embed(m),
       -- What Stripe has taken on to give back.
       (SELECT coalesce(sum(r.amount_minor), 0) FROM refund AS r
        WHERE r.purchase_id = p.id AND r.refund_id IS NOT NULL AND r.state <> 'failed')::bigint AS refunded_minor
FROM purchase AS p JOIN purchase_payment AS y ON y.purchase_id = p.id JOIN purchase_shipping_method AS m ON m.purchase_id = p.id
WHERE p.identifier = sqlc.arg(identifier);

-- name: ListPurchasesOfAccount :many
SELECT id, identifier, ordered_at, sales_tax_minor, total_minor FROM purchase
WHERE account_id = sqlc.arg(account_id)::bigint
ORDER BY ordered_at DESC, id DESC;

-- name: NoteConfirmationAccepted :exec
UPDATE purchase
SET confirmation_accepted_at = coalesce(confirmation_accepted_at, sqlc.arg(now)::timestamptz),
    prospect_id = CASE WHEN anonymised_at IS NULL THEN coalesce(prospect_id, sqlc.narg(prospect_id)) END
WHERE id = sqlc.arg(id);

-- name: ClaimGuestPurchases :exec
-- An order that somebody else claimed meanwhile is no guest's any more when its lock is got, and stays what it is. Locked
-- in the order of ids, so that two who claim cannot wait for each other in a circle.
UPDATE purchase
SET account_id = sqlc.arg(account_id)::bigint, claimed_at = sqlc.arg(now)::timestamptz
WHERE account_id IS NULL AND id IN (
    SELECT guests.id FROM purchase AS guests
    WHERE guests.account_id IS NULL AND lower(guests.email) = lower(sqlc.arg(email)::text)
    ORDER BY guests.id
    FOR UPDATE
);

-- name: ListWholePurchasesOfAccount :many
SELECT * FROM purchase WHERE account_id = sqlc.arg(account_id)::bigint ORDER BY id;

-- name: LockNamedPurchasesOfAccount :many
-- The account's orders that are not anonymised yet.
SELECT id, identifier, email, ordered_at, confirmation_accepted_at FROM purchase
WHERE account_id = sqlc.arg(account_id)::bigint AND anonymised_at IS NULL
ORDER BY id FOR UPDATE;

-- name: ListUnderWayRefunds :many
-- Asked after the orders are locked: refunds are wanted under the same lock.
SELECT DISTINCT p.id, p.identifier FROM refund AS r JOIN purchase AS p ON p.id = r.purchase_id
WHERE p.id = ANY(sqlc.arg(ids)::bigint[]) AND r.state = 'pending'
ORDER BY p.id;

-- name: AnonymisePurchases :exec
UPDATE purchase SET email = '', customer_name = '', prospect_id = NULL, anonymised_at = sqlc.arg(now)::timestamptz
WHERE id = ANY(sqlc.arg(ids)::bigint[]);

-- name: AnonymiseAddresses :exec
-- State and country stay, for the tax.
UPDATE purchase_address SET name = '', line1 = '', line2 = '', city = '', postal_code = '', phone = ''
WHERE purchase_id = ANY(sqlc.arg(ids)::bigint[]);

-- name: AnonymisePayments :exec
UPDATE purchase_payment SET card_name = '' WHERE purchase_id = ANY(sqlc.arg(ids)::bigint[]);

-- name: AnonymiseShippingMethods :exec
-- With a tracking number the carrier tells where the parcel went.
UPDATE purchase_shipping_method SET tracking_number = NULL WHERE purchase_id = ANY(sqlc.arg(ids)::bigint[]);

-- name: EnterStatus :one
-- With the words that the shop has for the status; the caller's own where there are none, or where a description is given.
-- Times do not run backwards within one order, whichever process writes.
INSERT INTO purchase_status (purchase_id, identifier, title, description, set_at, set_by)
SELECT sqlc.arg(purchase_id), sqlc.arg(identifier)::text, coalesce(s.title, sqlc.arg(title)::text),
       coalesce(nullif(sqlc.arg(description)::text, ''), s.description, ''),
       greatest(sqlc.arg(now)::timestamptz, (SELECT max(h.set_at) FROM purchase_status AS h WHERE h.purchase_id = sqlc.arg(purchase_id))),
       sqlc.arg(set_by)
FROM (SELECT) AS one LEFT JOIN status AS s ON s.identifier = sqlc.arg(identifier)::text
RETURNING id;

-- name: FindNotice :one
-- What a mail about a status says.
SELECT s.identifier AS status, s.title, s.description, s.notice_accepted_at,
       p.identifier, p.account_id, p.email, p.customer_name, p.total_minor,
       m.carrier, m.tracking_base_url, m.tracking_number
FROM purchase_status AS s
JOIN purchase AS p ON p.id = s.purchase_id
JOIN purchase_shipping_method AS m ON m.purchase_id = p.id
WHERE s.id = sqlc.arg(id);

-- name: FindLatestStatus :one
-- The last time that the order entered the status; no row when it never did.
SELECT s.id FROM purchase_status AS s JOIN purchase AS p ON p.id = s.purchase_id
WHERE p.identifier = sqlc.arg(order_identifier) AND s.identifier = sqlc.arg(identifier)
ORDER BY s.id DESC LIMIT 1;

-- name: NoteNoticeAccepted :exec
UPDATE purchase_status SET notice_accepted_at = coalesce(notice_accepted_at, sqlc.arg(now)::timestamptz) WHERE id = sqlc.arg(id);

-- name: LockPurchase :one
SELECT id FROM purchase WHERE identifier = sqlc.arg(identifier) FOR UPDATE;

-- name: ListFailedMails :many
-- Mails that the user service never took over and that nothing in the queue will hand over any more: the job was given up, or is gone.
-- Whom there is nothing to write to is left out, as is the number of a parcel that got another one. order_identifier: of one order,
-- empty of all.
WITH waiting AS (
    SELECT kind, args FROM river_job
    WHERE kind IN ('order_confirmation', 'order_notice') AND state NOT IN ('completed', 'cancelled', 'discarded')
), failed AS (
    SELECT p.identifier AS order_identifier, 'confirmation' AS mail, p.ordered_at AS since, 0::bigint AS status_id, '' AS tracking_number
    FROM purchase AS p
    WHERE p.confirmation_accepted_at IS NULL AND p.email <> ''
      AND NOT EXISTS (SELECT FROM waiting AS w WHERE w.kind = 'order_confirmation' AND w.args ->> 'order_identifier' = p.identifier)
    UNION ALL
    SELECT p.identifier, s.identifier, s.set_at, s.id, ''
    FROM purchase_status AS s JOIN purchase AS p ON p.id = s.purchase_id
    WHERE s.notice_accepted_at IS NULL AND p.email <> ''
      AND s.id > (SELECT min(h.id) FROM purchase_status AS h WHERE h.purchase_id = s.purchase_id) -- the first has the confirmation
      AND NOT EXISTS (SELECT FROM waiting AS w WHERE w.kind = 'order_notice' AND w.args ->> 'status_id' = s.id::text)
    UNION ALL
    SELECT p.identifier, 'tracking-number', max(j.created_at), 0, m.tracking_number
    FROM river_job AS j JOIN purchase AS p ON p.identifier = j.args ->> 'order_identifier' JOIN purchase_shipping_method AS m ON m.purchase_id = p.id
    WHERE j.kind = 'order_tracking_notice' AND j.state IN ('cancelled', 'discarded') AND p.email <> ''
      AND j.args ->> 'key' = 'order-tracking/' || p.identifier || '/' || left(encode(sha256(convert_to(m.tracking_number, 'UTF8')), 'hex'), 32)
    GROUP BY p.identifier, m.tracking_number
)
SELECT failed.order_identifier::text AS order_identifier, failed.mail::text AS mail, failed.since::timestamptz AS since,
       failed.status_id::bigint AS status_id, coalesce(failed.tracking_number, '')::text AS tracking_number,
       coalesce(given_up.refund_minor, 0)::bigint AS refund_minor, coalesce(given_up.refunded_minor, 0)::bigint AS refunded_minor
FROM failed
LEFT JOIN LATERAL (
    SELECT (j.args ->> 'refund_minor')::bigint AS refund_minor, (j.args ->> 'refunded_minor')::bigint AS refunded_minor
    FROM river_job AS j
    WHERE j.kind = 'order_notice' AND failed.status_id > 0 AND j.args ->> 'status_id' = failed.status_id::text
    ORDER BY j.id DESC LIMIT 1
) AS given_up ON true
WHERE sqlc.arg(order_identifier)::text IN ('', failed.order_identifier)
ORDER BY failed.since, failed.order_identifier, failed.status_id;

-- name: ForgetGivenUpTrackingNotices :exec
-- The queue has another one instead; what happened to it is in the log.
DELETE FROM river_job
WHERE kind = 'order_tracking_notice' AND state IN ('cancelled', 'discarded') AND args ->> 'order_identifier' = sqlc.arg(order_identifier)::text;

-- name: DetailLines :many
SELECT l.* FROM purchase_line AS l JOIN purchase AS p ON p.id = l.purchase_id WHERE p.identifier = sqlc.arg(identifier) ORDER BY l.position;

-- name: DetailAddresses :many
SELECT a.* FROM purchase_address AS a JOIN purchase AS p ON p.id = a.purchase_id WHERE p.identifier = sqlc.arg(identifier) ORDER BY a.kind;

-- name: DetailStatuses :many
SELECT s.* FROM purchase_status AS s JOIN purchase AS p ON p.id = s.purchase_id WHERE p.identifier = sqlc.arg(identifier)
ORDER BY s.set_at DESC, s.id DESC;

-- name: DetailDiscounts :many
SELECT d.* FROM purchase_discount AS d JOIN purchase AS p ON p.id = d.purchase_id WHERE p.identifier = sqlc.arg(identifier) ORDER BY d.position;

-- name: ListRefundsOfPurchase :many
SELECT key, amount_minor, currency, state, refund_id, failure, requested_by, note, requested_at, settled_at FROM refund
WHERE purchase_id = sqlc.arg(purchase_id)::bigint ORDER BY id;

-- name: ListDisputesOfPurchase :many
SELECT dispute_id, amount_minor, currency, reason, status, opened_at, closed_at FROM dispute
WHERE purchase_id = sqlc.arg(purchase_id)::bigint ORDER BY opened_at, dispute_id;

-- name: ListRestocksOfPurchase :many
SELECT b.sku_id, b.quantity, b.restocked_at, r.key AS refund_key
FROM purchase_restock AS b LEFT JOIN refund AS r ON r.id = b.refund_id
WHERE b.purchase_id = sqlc.arg(purchase_id) ORDER BY b.id;
