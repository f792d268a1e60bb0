-- The discount codes of the shop's seed era, as its recordings expect them: the same ids, texts, amounts and times. Run by package demo
-- in a shop that has no others; those that it has become as they stand here. The time of their making marks them.

INSERT INTO discount_code (id, code, description, starts_at, ends_at, combinable, discount_type_id, amount_hundredths, order_minimum_minor, created_at)
SELECT wanted.id, wanted.code, wanted.description, wanted.starts_at::timestamptz, wanted.ends_at::timestamptz, wanted.combinable,
       discount_type.id, wanted.amount_hundredths, wanted.order_minimum_minor, '2019-04-01T00:00:00Z'
FROM (VALUES
    (1, 'WELCOME10', '{}% off your first order', '2019-04-01T00:00:00Z', '2099-01-01T00:00:00Z', false, 'percent-off', 1000, 0),
    (2, 'SAVER10', '${} off from 20 dollars', '2019-04-01T00:00:00Z', '2099-01-01T00:00:00Z', false, 'dollar-amt-off', 1000, 2000),
    (3, 'FREE3MONTHS', '{} months free', '2019-04-01T00:00:00Z', '2099-01-01T00:00:00Z', true, 'free-digital-months', 300, 0),
    (4, 'FREESHIPPING', 'Free USPS ground shipping', '2019-04-01T00:00:00Z', '2099-01-01T00:00:00Z', true, 'free-usps-ground-shipping', 10000, 0),
    (5, 'HALF50', '{}% off', '2019-04-01T00:00:00Z', '2099-01-01T00:00:00Z', false, 'percent-off', 5000, 0),
    (6, 'OLDCODE', '{}% off, once', '2019-04-01T00:00:00Z', '2020-01-01T00:00:00Z', false, 'percent-off', 5000, 0),
    (7, 'SOONCODE', '{}% off, one day', '2098-01-01T00:00:00Z', '2099-01-01T00:00:00Z', false, 'percent-off', 5000, 0),
    (8, 'THIRD33', '{}% off', '2019-04-01T00:00:00Z', '2099-01-01T00:00:00Z', false, 'percent-off', 3333, 0)
) AS wanted (id, code, description, starts_at, ends_at, combinable, action, amount_hundredths, order_minimum_minor)
JOIN discount_type ON discount_type.action = wanted.action
ON CONFLICT (id) DO UPDATE SET
    code = EXCLUDED.code, description = EXCLUDED.description, starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at,
    combinable = EXCLUDED.combinable, discount_type_id = EXCLUDED.discount_type_id, amount_hundredths = EXCLUDED.amount_hundredths,
    order_minimum_minor = EXCLUDED.order_minimum_minor, usage_limit = NULL, usage_limit_per_customer = NULL;

-- The sequence must stand behind the ids above, or the operator's first code fails (contract order.md O-24).
SELECT setval(pg_get_serial_sequence('discount_code', 'id'), greatest(max(id), nextval(pg_get_serial_sequence('discount_code', 'id')))) FROM discount_code;
