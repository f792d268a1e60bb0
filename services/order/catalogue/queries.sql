-- All of these are read in one batch (read.go), but for those of commands at the end (command.go, shipping.go).

-- name: Products :many
SELECT id, identifier, title, title_url, headline, description_part_1, description_part_2
FROM product ORDER BY id;

-- name: ProductImages :many
SELECT id, product_id, image_url, main_image, caption
FROM product_image ORDER BY product_id, main_image DESC, id;

-- name: ProductVideos :many
SELECT id, product_id, video_url, video_thumbnail_url, caption
FROM product_video ORDER BY product_id, id DESC;

-- SKUs for sale with the price in force; the latest valid_from that has passed wins. What is counted and has run out is out of stock.
-- name: Skus :many
SELECT DISTINCT ON (sku.id) sku.id, sku.product_id, sku.color, sku.size, sku.description, sku_price.price_minor,
       inventory.identifier AS inventory_identifier, inventory.title AS inventory_title,
       inventory.description AS inventory_description
FROM sku
JOIN sku_type ON sku_type.id = sku.sku_type_id AND sku_type.title = 'product'
JOIN inventory AS own ON own.id = sku.inventory_id
LEFT JOIN stock ON stock.sku_id = sku.id
JOIN inventory ON inventory.identifier = CASE WHEN stock.on_hand = 0 AND own.identifier = 'in-stock' THEN 'out-of-stock' ELSE own.identifier END
JOIN sku_price ON sku_price.sku_id = sku.id AND sku_price.valid_from <= @at::timestamptz
ORDER BY sku.id, sku_price.valid_from DESC;

-- name: SkuImages :many
SELECT id, sku_id, image_url, main_image, caption
FROM sku_image ORDER BY sku_id, main_image DESC, id;

-- Dearest first (contract order.md 3.2).
-- name: ShippingMethods :many
SELECT id, identifier, carrier, cost_minor, tracking_code_base_url, active
FROM shipping_method ORDER BY cost_minor DESC, id;

-- name: Statuses :many
SELECT id, identifier, title, description FROM status ORDER BY id;

-- name: Configuration :one
SELECT usernames_allowed_to_checkout, an_ct_values_allowed_to_checkout, default_shipping_method, initial_order_status,
       order_confirmation_em_cd_member, order_confirmation_em_cd_prospect
FROM configuration;

-- No row when no price waits.
-- name: NextPrice :many
SELECT valid_from FROM sku_price WHERE valid_from > @at::timestamptz ORDER BY valid_from LIMIT 1;

-- Who changes a price waits for whoever changes another one of the SKU.
-- name: LockSku :one
SELECT sku.id, product.title, sku.color, sku.size, sku_type.title AS type
FROM sku JOIN product ON product.id = sku.product_id JOIN sku_type ON sku_type.id = sku.sku_type_id
WHERE sku.id = @id FOR NO KEY UPDATE OF sku;

-- The price that a SKU has, or will have, at a moment. No row when it has none.
-- name: PriceAt :many
SELECT price_minor, valid_from FROM sku_price WHERE sku_id = @sku_id AND valid_from <= @at::timestamptz ORDER BY valid_from DESC LIMIT 1;

-- name: LaterPrices :many
SELECT price_minor, valid_from FROM sku_price WHERE sku_id = @sku_id AND valid_from > @at::timestamptz ORDER BY valid_from;

-- A price that is planned for the same moment was in force for nobody yet.
-- name: SetPrice :exec
INSERT INTO sku_price (sku_id, price_minor, valid_from) VALUES (@sku_id, @price_minor, @valid_from)
ON CONFLICT (sku_id, valid_from) DO UPDATE SET price_minor = EXCLUDED.price_minor;

-- All of them, so that of two operators one sees what the other did.
-- name: LockShippingMethods :many
SELECT id, identifier, carrier, cost_minor, active FROM shipping_method ORDER BY id FOR NO KEY UPDATE;

-- name: SwitchShippingMethod :exec
UPDATE shipping_method SET active = @active WHERE id = @id;
