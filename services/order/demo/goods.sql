-- The demo catalogue: ids, identifiers, prices, pictures and shipping methods as the old shop's seed had them
-- (contract seed-data.md), in our own words. Run once, by package demo, in one transaction.

INSERT INTO product (id, identifier, title, title_url, headline, description_part_1, description_part_2) VALUES
    (1, 'bSusp6dBHm', 'Desk-Tidy Paper Clips', 'PaperClips',
     'A hundred small silver helpers for loose sheets',
     'Bent from one piece of polished steel wire, rounded at both ends so that they slide on without scratching the paper.',
     'A box holds one hundred clips. Each keeps up to twelve sheets of ordinary paper together.'),
    (2, 'ITHJW3mytn', 'Strong-Grip Binder Clips', 'BinderClips',
     'When a paper clip is not enough',
     'Black spring steel with handles that fold flat against the stack, so that a bound report still fits into a folder.',
     'A box holds a dozen clips of one size. Small ones hold fifty sheets, large ones two hundred.'),
    (3, 'v26ujdy3N1', 'Stretch-and-Stay Rubber Bands', 'RubberBands',
     'A mixed bag of bands for rolls, bundles and lunch boxes',
     'Natural rubber in many colors and lengths, from two fingers wide to a rolled poster.',
     '');

INSERT INTO product_image (id, product_id, image_url, main_image, caption) VALUES
    (1, 1, '/img/product/paper_clip_main_2.jpg', true, 'Silver paper clips beside a stack of letters'),
    (2, 2, '/img/product/binder_clips_main_2.jpg', true, 'Binder clips of three sizes'),
    (3, 3, '/img/product/rubber_bands_2.jpg', true, 'Rubber bands in many colors');

INSERT INTO product_video (id, product_id, video_url, video_thumbnail_url, caption) VALUES
    (1, 1, 'https://player.vimeo.com/video/334006583', '/img/product/paper_clip_video_1_2_thumbnail.jpg', 'Paper clips at work'),
    (2, 2, 'https://player.vimeo.com/video/334006589', '/img/product/binder_clip_video_1_2_thumbnail.jpg', 'Binder clips at work');

INSERT INTO sku (id, product_id, sku_type_id, inventory_id, color, size, description) VALUES
    (1, 1, 1, 1, 'Silver', 'Medium', 'Leaning left, for the reader who turns pages from the right'),
    (2, 1, 1, 2, 'Silver', 'Medium', 'Leaning right, for the reader who turns pages from the left'),
    (4, 2, 1, 2, 'Black', 'Large', 'Two inches wide, for whole manuscripts'),
    (5, 2, 1, 3, 'Black', 'Medium', 'One and a quarter inches wide, for reports'),
    (6, 2, 1, 1, 'Black', 'Small', 'Three quarters of an inch wide, for a handful of receipts'),
    (7, 3, 1, 1, 'Multi', 'Multi', 'All colors and lengths in one bag');

INSERT INTO sku_price (id, sku_id, price_minor, valid_from) VALUES
    (1, 1, 350, '2019-04-22T00:00:00Z'),
    (2, 2, 350, '2019-04-22T00:00:00Z'),
    (4, 4, 599, '2019-04-22T00:00:00Z'),
    (5, 5, 499, '2019-04-22T00:00:00Z'),
    (6, 6, 399, '2019-04-22T00:00:00Z'),
    (7, 7, 1099, '2019-04-20T00:00:00Z'),
    (8, 7, 1499, '2019-04-22T00:00:00Z');

INSERT INTO sku_image (id, sku_id, image_url, main_image, caption) VALUES
    (1, 1, '/img/product/paper_clip_left_2.jpg', true, 'A paper clip leaning left'),
    (2, 2, '/img/product/paper_clip_right_2.jpg', true, 'A paper clip leaning right'),
    (4, 4, '/img/product/binder_clip_large_2.jpg', true, 'A large binder clip'),
    (5, 5, '/img/product/binder_clip_medium_2.jpg', true, 'A medium binder clip'),
    (6, 6, '/img/product/binder_clip_small_2.jpg', true, 'A small binder clip');

INSERT INTO shipping_method (id, identifier, carrier, cost_minor, tracking_code_base_url, active) VALUES
    (1, 'USPSPriorityMail2Day', 'USPS Priority Mail 2-Day', 1365,
     'https://tools.usps.com/go/TrackConfirmAction.action?tRef=fullpage&tLc=1&text28777=&tLabels=', true),
    (2, 'USPSRetailGround', 'USPS Retail Ground', 956,
     'https://tools.usps.com/go/TrackConfirmAction.action?tRef=fullpage&tLc=1&text28777=&tLabels=', true),
    (3, 'FedExGround', 'FedEx Ground', 1085,
     'https://www.fedex.com/apps/fedextrack/?action=track&cntry_code=us&trackingnumber=', true),
    (4, 'UPSGround', 'UPS Ground', 1134, 'https://wwwapps.ups.com/WebTracking/track?&track.x=Track&trackNums=', true),
    (5, 'None', 'None', 0, '', false)
ON CONFLICT DO NOTHING;

UPDATE configuration SET default_shipping_method = 'USPSRetailGround' WHERE default_shipping_method IS NULL;

-- The sequences must stand behind the ids above, or the operator's first row fails (contract order.md O-24).
SELECT setval(pg_get_serial_sequence('product', 'id'), max(id)) FROM product;
SELECT setval(pg_get_serial_sequence('product_image', 'id'), max(id)) FROM product_image;
SELECT setval(pg_get_serial_sequence('product_video', 'id'), max(id)) FROM product_video;
SELECT setval(pg_get_serial_sequence('sku', 'id'), max(id)) FROM sku;
SELECT setval(pg_get_serial_sequence('sku_price', 'id'), max(id)) FROM sku_price;
SELECT setval(pg_get_serial_sequence('sku_image', 'id'), max(id)) FROM sku_image;
SELECT setval(pg_get_serial_sequence('shipping_method', 'id'), max(id)) FROM shipping_method;
