-- name: InsertPurchase :one
-- No row: the identifier is taken, the caller draws another one. Every other conflict is an error.
INSERT INTO purchase (
    identifier, checkout_id, session_id, payment_key, account_id, email, customer_name, newsletter, currency,
    item_subtotal_minor, item_discount_minor, shipping_minor, shipping_discount_minor, sales_tax_minor, total_minor,
    terms_agreed_at, ordered_at
) VALUES (
    sqlc.arg(identifier), sqlc.arg(checkout_id), sqlc.arg(session_id), sqlc.arg(payment_key), sqlc.narg(account_id), sqlc.arg(email), sqlc.arg(customer_name), sqlc.arg(newsletter), sqlc.arg(currency),
    sqlc.arg(item_subtotal_minor), sqlc.arg(item_discount_minor), sqlc.arg(shipping_minor), sqlc.arg(shipping_discount_minor), sqlc.arg(sales_tax_minor), sqlc.arg(total_minor),
    sqlc.arg(terms_agreed_at), sqlc.arg(ordered_at)
)
ON CONFLICT (identifier) DO NOTHING
RETURNING id;

-- name: InsertPurchaseLines :copyfrom
INSERT INTO purchase_line (
    purchase_id, position, sku_id, quantity, price_minor, discount_minor, color, size, description,
    inventory_identifier, inventory_title, inventory_description,
    product_identifier, product_title, product_title_url, image_url
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: InsertPurchaseDiscounts :copyfrom
INSERT INTO purchase_discount (
    purchase_id, position, discount_code_id, code, description, starts_at, ends_at, combinable,
    amount_hundredths, order_minimum_minor, type_title, type_description, applies_to, action, applied, discount_minor
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: InsertPurchaseShippingMethod :exec
INSERT INTO purchase_shipping_method (purchase_id, identifier, carrier, tracking_base_url)
VALUES (sqlc.arg(purchase_id), sqlc.arg(identifier), sqlc.arg(carrier), sqlc.arg(tracking_base_url));

-- name: InsertPurchaseAddress :exec
INSERT INTO purchase_address (purchase_id, kind, name, line1, line2, city, state, postal_code, country, phone)
VALUES (sqlc.arg(purchase_id), sqlc.arg(kind), sqlc.arg(name), sqlc.arg(line1), sqlc.arg(line2), sqlc.arg(city), sqlc.arg(state), sqlc.arg(postal_code), sqlc.arg(country), sqlc.arg(phone));

-- name: InsertPurchasePayment :exec
INSERT INTO purchase_payment (
    purchase_id, payment_type, payment_intent_id, card_name, currency,
    subtotal_minor, discount_minor, tax_minor, shipping_minor, total_minor
) VALUES (
    sqlc.arg(purchase_id), sqlc.arg(payment_type), sqlc.narg(payment_intent_id), sqlc.arg(card_name), sqlc.arg(currency),
    sqlc.arg(subtotal_minor), sqlc.arg(discount_minor), sqlc.arg(tax_minor), sqlc.arg(shipping_minor), sqlc.arg(total_minor)
);

-- name: InsertPurchaseStatus :exec
INSERT INTO purchase_status (purchase_id, identifier, title, description, set_at)
VALUES (sqlc.arg(purchase_id), sqlc.arg(identifier), sqlc.arg(title), sqlc.arg(description), sqlc.arg(set_at));

-- name: FindBySession :one
SELECT identifier FROM purchase WHERE session_id = sqlc.arg(session_id);

-- name: FindByCheckout :one
SELECT identifier, session_id FROM purchase WHERE checkout_id = sqlc.arg(checkout_id);

-- name: FindPurchase :one
SELECT * FROM purchase WHERE identifier = sqlc.arg(identifier);

-- name: FindShippingMethod :one
SELECT * FROM purchase_shipping_method WHERE purchase_id = sqlc.arg(purchase_id);

-- name: FindPayment :one
SELECT * FROM purchase_payment WHERE purchase_id = sqlc.arg(purchase_id);

-- name: ListLines :many
SELECT * FROM purchase_line WHERE purchase_id = sqlc.arg(purchase_id) ORDER BY position;

-- name: ListAddresses :many
SELECT * FROM purchase_address WHERE purchase_id = sqlc.arg(purchase_id) ORDER BY kind;

-- name: ListStatuses :many
SELECT * FROM purchase_status WHERE purchase_id = sqlc.arg(purchase_id) ORDER BY set_at DESC, id DESC;

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
