-- A guest's shopper has account id 0 and one without a cookie has no anonymous id: neither is ever stored, so neither finds a cart.

-- Every line of the shopper's carts, and a cart without lines as one row. A signed-in shopper who still carries a
-- guest's cart has two carts until they are merged.
-- name: ReadCarts :many
SELECT cart.id, cart.account_id, cart.anonymous_id, cart.shipping_method_id, cart_line.sku_id, cart_line.quantity,
       EXISTS (SELECT FROM cart_discount WHERE cart_discount.cart_id = cart.id) AS has_codes
FROM cart LEFT JOIN cart_line ON cart_line.cart_id = cart.id
WHERE cart.account_id = @account_id::bigint OR cart.anonymous_id = @anonymous_id::text
ORDER BY cart_line.id;

-- Always in the order of ids, so that two who need the same carts cannot wait for each other.
-- name: LockCarts :many
SELECT id, account_id, anonymous_id, shipping_method_id FROM cart
WHERE account_id = @account_id::bigint OR anonymous_id = @anonymous_id::text
ORDER BY id FOR UPDATE;

-- name: LockCart :many
SELECT id FROM cart WHERE id = $1 FOR UPDATE;

-- Makes the account's cart or finds the one that is there, and adds to its line. No line is answered when it would exceed 99.
-- name: AddToAccountCart :one
WITH opened AS (
    INSERT INTO cart (account_id, created_at, updated_at)
    VALUES (@account_id::bigint, @at::timestamptz, @at::timestamptz)
    ON CONFLICT (account_id) DO UPDATE SET updated_at = EXCLUDED.updated_at
    RETURNING id
), line AS (
    INSERT INTO cart_line (cart_id, sku_id, quantity) SELECT opened.id, @sku_id::bigint, @quantity::integer FROM opened
    ON CONFLICT (cart_id, sku_id) DO UPDATE SET quantity = cart_line.quantity + EXCLUDED.quantity
    WHERE cart_line.quantity + EXCLUDED.quantity <= 99
    RETURNING cart_line.id
)
SELECT opened.id, EXISTS (SELECT FROM line) AS added FROM opened;

-- The same for a guest's cart.
-- name: AddToGuestCart :one
WITH opened AS (
    INSERT INTO cart (anonymous_id, created_at, updated_at)
    VALUES (@anonymous_id::text, @at::timestamptz, @at::timestamptz)
    ON CONFLICT (anonymous_id) DO UPDATE SET updated_at = EXCLUDED.updated_at
    RETURNING id, created_at = updated_at AS made
), line AS (
    INSERT INTO cart_line (cart_id, sku_id, quantity) SELECT opened.id, @sku_id::bigint, @quantity::integer FROM opened
    ON CONFLICT (cart_id, sku_id) DO UPDATE SET quantity = cart_line.quantity + EXCLUDED.quantity
    WHERE cart_line.quantity + EXCLUDED.quantity <= 99
    RETURNING cart_line.id
)
SELECT opened.id, opened.made::boolean AS made, EXISTS (SELECT FROM line) AS added FROM opened;

-- Who the guest turned out to be a moment ago.
-- name: LatestAdopter :many
SELECT account_id FROM guest_adopted
WHERE anonymous_id = @anonymous_id AND adopted_at > @since::timestamptz
ORDER BY adopted_at DESC LIMIT 1;

-- name: SetLine :execrows
UPDATE cart_line SET quantity = @quantity WHERE cart_id = @cart_id AND sku_id = @sku_id;

-- name: RemoveLine :execrows
DELETE FROM cart_line WHERE cart_id = @cart_id AND sku_id = @sku_id;

-- name: ChooseShippingMethod :exec
UPDATE cart SET shipping_method_id = @shipping_method_id::bigint WHERE id = @id;

-- name: ForgetShippingChoice :exec
UPDATE cart SET shipping_method_id = NULL WHERE id = @id;

-- name: TouchCart :exec
UPDATE cart SET updated_at = @at::timestamptz WHERE id = @id;

-- name: DeleteCart :exec
DELETE FROM cart WHERE id = $1;

-- name: GiveCartToAccount :exec
UPDATE cart SET account_id = @account_id::bigint, anonymous_id = NULL, updated_at = @at::timestamptz WHERE id = @id;

-- Copies what the account's cart lacks and remembers it (existing quantities win, contract order.md 2.3).
-- name: MoveLines :exec
WITH moved AS (
    INSERT INTO cart_line (cart_id, sku_id, quantity)
    SELECT @to_cart_id::bigint, guest.sku_id, guest.quantity
    FROM cart_line AS guest WHERE guest.cart_id = @from_cart_id::bigint ORDER BY guest.id
    ON CONFLICT (cart_id, sku_id) DO NOTHING
    RETURNING sku_id
)
INSERT INTO cart_line_moved (from_cart_id, sku_id, to_cart_id, moved_at)
SELECT @from_cart_id::bigint, moved.sku_id, @to_cart_id::bigint, @at::timestamptz FROM moved;

-- Adds all lines to those of the account's cart and remembers it; nothing is refused, what exceeds 99 is not there.
-- name: AddUpLines :exec
WITH moved AS (
    INSERT INTO cart_line (cart_id, sku_id, quantity)
    SELECT @to_cart_id::bigint, guest.sku_id, guest.quantity
    FROM cart_line AS guest WHERE guest.cart_id = @from_cart_id::bigint ORDER BY guest.id
    ON CONFLICT (cart_id, sku_id) DO UPDATE SET quantity = least(99, cart_line.quantity + EXCLUDED.quantity)
    RETURNING sku_id
)
INSERT INTO cart_line_moved (from_cart_id, sku_id, to_cart_id, moved_at)
SELECT @from_cart_id::bigint, moved.sku_id, @to_cart_id::bigint, @at::timestamptz FROM moved;

-- The account's choice wins; without one the guest's is taken over (contract order.md 2.3).
-- name: MoveShippingChoice :exec
UPDATE cart AS into_cart SET shipping_method_id = guest.shipping_method_id
FROM cart AS guest
WHERE guest.id = @from_cart_id AND into_cart.id = @to_cart_id AND into_cart.shipping_method_id IS NULL;

-- name: PutCode :execrows
INSERT INTO cart_discount (cart_id, discount_code_id) VALUES (@cart_id, @discount_code_id) ON CONFLICT DO NOTHING;

-- name: TakeCodeOff :exec
DELETE FROM cart_discount WHERE cart_id = @cart_id AND discount_code_id = @discount_code_id;

-- Copies what the account's cart lacks (contract order.md 2.3), behind its own and as far as there is room.
-- name: CopyCodes :exec
INSERT INTO cart_discount (cart_id, discount_code_id)
SELECT @to_cart_id::bigint, lacking.discount_code_id
FROM (SELECT guest.id, guest.discount_code_id, row_number() OVER (ORDER BY guest.id) AS place
      FROM cart_discount AS guest
      WHERE guest.cart_id = @from_cart_id::bigint
        AND guest.discount_code_id NOT IN (SELECT own.discount_code_id FROM cart_discount AS own WHERE own.cart_id = @to_cart_id::bigint)) AS lacking
WHERE lacking.place + (SELECT count(*) FROM cart_discount AS own WHERE own.cart_id = @to_cart_id::bigint) <= @most::bigint
ORDER BY lacking.id;

-- A cart is merged once, so that all its lines went to the same other.
-- name: MergedInto :many
SELECT to_cart_id FROM cart_line_moved WHERE from_cart_id = $1 LIMIT 1;

-- name: NoteAdoption :exec
INSERT INTO guest_adopted (account_id, anonymous_id, adopted_at) VALUES (@account_id, @anonymous_id, @at::timestamptz)
ON CONFLICT (account_id, anonymous_id) DO UPDATE SET adopted_at = greatest(guest_adopted.adopted_at, EXCLUDED.adopted_at);

-- name: AdoptedGuests :many
SELECT anonymous_id FROM guest_adopted WHERE account_id = $1;

-- Finds and forgets, so that a second payment of the same goods leaves alone what was put in since.
-- name: ForgetMovedLines :many
DELETE FROM cart_line_moved WHERE from_cart_id = @from_cart_id AND sku_id = ANY(@sku_ids::bigint[])
RETURNING sku_id;

-- Lines of which nothing is left go, others have less.
-- name: TakeLines :exec
WITH bought AS (
    SELECT unnest(@sku_ids::bigint[]) AS sku_id, unnest(@quantities::integer[]) AS quantity
), gone AS (
    DELETE FROM cart_line USING bought
    WHERE cart_line.cart_id = @cart_id AND cart_line.sku_id = bought.sku_id AND cart_line.quantity <= bought.quantity
)
UPDATE cart_line SET quantity = cart_line.quantity - bought.quantity FROM bought
WHERE cart_line.cart_id = @cart_id AND cart_line.sku_id = bought.sku_id AND cart_line.quantity > bought.quantity;

-- name: DeleteCartWithNothingToBuy :execrows
DELETE FROM cart WHERE cart.id = $1
AND NOT EXISTS (SELECT 1 FROM cart_line WHERE cart_line.cart_id = cart.id AND cart_line.quantity > 0);

-- name: CartOfAccount :one
SELECT cart.id, cart.created_at, cart.updated_at, shipping_method.identifier AS shipping_method
FROM cart LEFT JOIN shipping_method ON shipping_method.id = cart.shipping_method_id
WHERE cart.account_id = @account_id::bigint;

-- name: LinesOfCart :many
SELECT cart_line.sku_id, cart_line.quantity, product.identifier AS product_identifier, product.title AS product_title
FROM cart_line JOIN sku ON sku.id = cart_line.sku_id JOIN product ON product.id = sku.product_id
WHERE cart_line.cart_id = @cart_id
ORDER BY cart_line.id;

-- name: CodesOfCart :many
SELECT discount_code.code FROM cart_discount JOIN discount_code ON discount_code.id = cart_discount.discount_code_id
WHERE cart_discount.cart_id = @cart_id
ORDER BY cart_discount.id;

-- name: AdoptionsOfAccount :many
SELECT anonymous_id, adopted_at FROM guest_adopted WHERE account_id = @account_id ORDER BY adopted_at, anonymous_id;

-- name: DeleteCartOfAccount :execrows
DELETE FROM cart WHERE account_id = @account_id::bigint;

-- name: ForgetAdoptions :execrows
DELETE FROM guest_adopted WHERE account_id = @account_id;

-- Carts that nobody changed for long, a handful in the order of their ids; those that somebody works with are left for the next time.
-- Null: carts of that kind are kept.
-- name: LockUntouchedCarts :many
SELECT cart.id FROM cart
WHERE cart.id > @after
  AND (cart.anonymous_id IS NOT NULL AND cart.updated_at < sqlc.narg(guests_before)::timestamptz
       OR cart.account_id IS NOT NULL AND cart.updated_at < sqlc.narg(members_before)::timestamptz)
ORDER BY cart.id
LIMIT @most
FOR UPDATE SKIP LOCKED;

-- A statement of its own, so that it sees the checkout of a start that had the lock before: whoever starts one holds it.
-- name: DeleteUntouchedCarts :many
DELETE FROM cart
WHERE cart.id = ANY(@ids::bigint[])
  AND NOT EXISTS (SELECT FROM checkout WHERE checkout.cart_id = cart.id AND checkout.state IN ('open', 'superseded'))
RETURNING (cart.anonymous_id IS NOT NULL)::boolean AS was_guests;

-- What moved at a merge counts as long as a checkout of the guest's cart may be paid.
-- name: ForgetOldMoves :execrows
DELETE FROM cart_line_moved
WHERE moved_at < @before::timestamptz
  AND NOT EXISTS (SELECT FROM checkout WHERE checkout.cart_id = cart_line_moved.from_cart_id AND checkout.state IN ('open', 'superseded'));

-- Which guest was which account counts as long as a checkout names the guest (package privacy finds them by it).
-- name: ForgetOldAdoptions :execrows
DELETE FROM guest_adopted
WHERE adopted_at < @before::timestamptz
  AND NOT EXISTS (SELECT FROM cart WHERE cart.anonymous_id = guest_adopted.anonymous_id)
  AND NOT EXISTS (SELECT FROM checkout WHERE checkout.anonymous_cart_id = guest_adopted.anonymous_id);
