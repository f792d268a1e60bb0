-- name: CountBooks :one
SELECT (SELECT count(*) FROM checkout) AS checkouts,
       (SELECT count(*) FROM purchase) AS orders,
       (SELECT coalesce(sum(total_minor), 0) FROM purchase)::bigint AS total_minor;

-- name: AuditOrders :many
-- Everything that must not be about checkouts and orders, one line each: what is wrong, and with what. Nothing personal.
SELECT 'completed-checkout-without-order'::text AS rule, c.reference AS subject, ''::text AS detail
FROM checkout c LEFT JOIN purchase p ON p.checkout_id = c.id
WHERE c.state = 'completed' AND p.id IS NULL
UNION ALL
SELECT 'order-of-uncompleted-checkout', p.identifier, c.state
FROM purchase p JOIN checkout c ON c.id = p.checkout_id
WHERE c.state <> 'completed'
UNION ALL
SELECT 'order-lines-do-not-add-up', p.identifier, coalesce(l.full_minor, 0) || ' is not ' || p.item_subtotal_minor
FROM purchase p LEFT JOIN
     (SELECT purchase_id, sum(quantity * price_minor) AS full_minor FROM purchase_line GROUP BY purchase_id) AS l ON l.purchase_id = p.id
WHERE coalesce(l.full_minor, 0) <> p.item_subtotal_minor
UNION ALL
SELECT 'order-lines-do-not-share-the-discount', p.identifier, coalesce(l.discount_minor, 0) || ' is not ' || p.item_discount_minor
FROM purchase p LEFT JOIN
     (SELECT purchase_id, sum(discount_minor) AS discount_minor FROM purchase_line GROUP BY purchase_id) AS l ON l.purchase_id = p.id
WHERE coalesce(l.discount_minor, 0) <> p.item_discount_minor
UNION ALL
-- Orders from before codes were written down have no rows.
SELECT 'order-discounts-do-not-add-up', p.identifier, d.discount_minor || ' is not ' || p.item_discount_minor + p.shipping_discount_minor
FROM purchase p JOIN
     (SELECT purchase_id, sum(discount_minor) FILTER (WHERE applied) AS discount_minor FROM purchase_discount GROUP BY purchase_id) AS d ON d.purchase_id = p.id
WHERE coalesce(d.discount_minor, 0) <> p.item_discount_minor + p.shipping_discount_minor
UNION ALL
SELECT 'order-is-not-what-was-paid', p.identifier,
       p.total_minor || ' ' || p.currency || ' is not ' || coalesce(y.total_minor || ' ' || y.currency, 'recorded')
FROM purchase p LEFT JOIN purchase_payment y ON y.purchase_id = p.id
WHERE y.purchase_id IS NULL OR y.total_minor <> p.total_minor OR y.currency <> p.currency
   OR y.tax_minor <> p.sales_tax_minor OR y.discount_minor <> p.item_discount_minor + p.shipping_discount_minor
UNION ALL
-- Stripe is sent full prices and one discount, ours; only without one can a promotion be entered at Stripe's page.
SELECT 'order-is-not-what-was-frozen', p.identifier,
       y.subtotal_minor || ' - ' || y.discount_minor || ' paid for ' || c.item_subtotal_minor + c.shipping_minor || ' - ' || c.item_discount_minor + c.shipping_discount_minor
FROM purchase p JOIN checkout c ON c.id = p.checkout_id JOIN purchase_payment y ON y.purchase_id = p.id
WHERE y.subtotal_minor <> c.item_subtotal_minor + c.shipping_minor OR c.currency <> p.currency
   OR c.item_discount_minor + c.shipping_discount_minor NOT IN (0, y.discount_minor)
   -- A guest's order may have been claimed by an account since.
   OR p.account_id IS DISTINCT FROM c.account_id AND (c.account_id IS NOT NULL OR p.claimed_at IS NULL)
UNION ALL
SELECT 'order-lines-are-not-what-was-frozen', p.identifier, 'SKU ' || coalesce(f.sku_id, l.sku_id)
FROM purchase p
JOIN (checkout_line f FULL JOIN (purchase_line l JOIN purchase lp ON lp.id = l.purchase_id)
      ON f.checkout_id = lp.checkout_id AND f.sku_id = l.sku_id)
     ON p.checkout_id = coalesce(f.checkout_id, lp.checkout_id)
WHERE (f.quantity, f.price_minor, f.product_title) IS DISTINCT FROM (l.quantity, l.price_minor, l.product_title)
UNION ALL
SELECT 'order-is-incomplete', p.identifier, ''
FROM purchase p
WHERE NOT EXISTS (SELECT FROM purchase_status s WHERE s.purchase_id = p.id)
   OR NOT EXISTS (SELECT FROM purchase_shipping_method m WHERE m.purchase_id = p.id)
   OR NOT EXISTS (SELECT FROM purchase_address a WHERE a.purchase_id = p.id AND a.kind = 'billing')
   OR NOT EXISTS (SELECT FROM purchase_address a WHERE a.purchase_id = p.id AND a.kind = 'shipping')
UNION ALL
SELECT 'confirmation-mail-not-handed-over', p.identifier, ''
FROM purchase p
WHERE p.confirmation_accepted_at IS NULL AND p.anonymised_at IS NULL AND p.ordered_at <= sqlc.arg(too_old)::timestamptz
UNION ALL
-- The first status has the confirmation instead.
SELECT 'notice-mail-not-handed-over', p.identifier, s.identifier
FROM purchase_status s JOIN purchase p ON p.id = s.purchase_id
WHERE s.notice_accepted_at IS NULL AND s.set_at <= sqlc.arg(too_old)::timestamptz AND p.anonymised_at IS NULL AND p.email <> ''
  AND s.id <> (SELECT min(history.id) FROM purchase_status history WHERE history.purchase_id = s.purchase_id)
UNION ALL
SELECT 'payment-exception', coalesce(nullif(x.order_identifier, ''), nullif(x.reference, ''), x.session_id), '#' || x.id || ' ' || x.reason
FROM payment_exception x
WHERE x.resolved_at IS NULL
UNION ALL
SELECT 'checkout-not-watched', c.reference, c.state
FROM checkout c
WHERE c.next_check_at <= sqlc.arg(too_old)::timestamptz
ORDER BY 1, 2, 3;

-- name: AuditMoneyAndStock :many
-- The same about what came after the payment, and about the shelf.
SELECT 'refunded-more-than-was-paid'::text AS rule, coalesce(p.identifier, y.payment_intent)::text AS subject,
       (y.refunded_minor || ' of ' || coalesce(paid.total_minor, 0))::text AS detail
FROM (SELECT payment_intent, sum(amount_minor) AS refunded_minor FROM refund WHERE state <> 'failed' GROUP BY payment_intent) AS y
LEFT JOIN purchase_payment paid ON paid.payment_intent_id = y.payment_intent
LEFT JOIN purchase p ON p.id = paid.purchase_id
WHERE y.refunded_minor > coalesce(paid.total_minor, (SELECT max(x.total_minor) FROM payment_exception x WHERE x.payment_intent = y.payment_intent), 0)
UNION ALL
-- Nobody has asked Stripe for it, or nobody has learnt the answer; banks take their days.
SELECT 'refund-does-not-come-to-an-end', coalesce(p.identifier, r.payment_intent), r.amount_minor || ' ' || r.currency || coalesce(' ' || r.refund_id, '')
FROM refund r LEFT JOIN purchase p ON p.id = r.purchase_id
WHERE r.state = 'pending' AND r.requested_at <= CASE WHEN r.refund_id IS NULL THEN sqlc.arg(too_old)::timestamptz ELSE sqlc.arg(too_old)::timestamptz - interval '30 days' END
UNION ALL
SELECT 'refunded-order-without-its-status', p.identifier, r.refunded_minor || ' of ' || p.total_minor
FROM (SELECT purchase_id, sum(amount_minor) AS refunded_minor FROM refund WHERE state = 'succeeded' AND purchase_id IS NOT NULL GROUP BY purchase_id) AS r
JOIN purchase p ON p.id = r.purchase_id
WHERE NOT EXISTS (SELECT FROM purchase_status s WHERE s.purchase_id = p.id
                  AND (s.identifier = 'refunded' OR s.identifier = 'partly-refunded' AND r.refunded_minor < p.total_minor))
UNION ALL
SELECT 'dispute-without-exception', coalesce(p.identifier, d.payment_intent), d.dispute_id
FROM dispute d LEFT JOIN purchase p ON p.id = d.purchase_id
WHERE d.status NOT IN ('won', 'warning_closed', 'prevented') AND NOT EXISTS (SELECT FROM payment_exception x WHERE x.payment_intent = d.payment_intent AND x.payment_intent <> '' AND x.reason = 'dispute')
UNION ALL
SELECT 'stock-does-not-add-up', 'SKU ' || coalesce(m.sku_id, s.sku_id), coalesce(m.moved, 0) || ' moved, ' || coalesce(s.on_hand::text, 'not') || ' counted'
FROM (SELECT sku_id, sum(change) AS moved FROM stock_movement GROUP BY sku_id) AS m FULL JOIN stock s ON s.sku_id = m.sku_id
WHERE coalesce(m.moved, 0) <> coalesce(s.on_hand, 0) AND EXISTS (SELECT FROM sku WHERE sku.id = coalesce(m.sku_id, s.sku_id))
   OR s.on_hand < 0
UNION ALL
SELECT 'sold-stock-is-not-what-was-ordered', m.order_identifier, 'SKU ' || m.sku_id || ': ' || m.sold || ' of ' || coalesce(l.quantity, 0)
FROM (SELECT order_identifier, sku_id, -sum(change) AS sold FROM stock_movement WHERE reason = 'sold' GROUP BY order_identifier, sku_id) AS m
LEFT JOIN purchase p ON p.identifier = m.order_identifier
LEFT JOIN purchase_line l ON l.purchase_id = p.id AND l.sku_id = m.sku_id
WHERE m.sold IS DISTINCT FROM l.quantity
UNION ALL
SELECT 'more-restocked-than-was-ordered', m.order_identifier, 'SKU ' || m.sku_id || ': ' || m.back || ' of ' || coalesce(l.quantity, 0)
FROM (SELECT order_identifier, sku_id, sum(change) AS back FROM stock_movement WHERE reason = 'restocked' GROUP BY order_identifier, sku_id) AS m
LEFT JOIN purchase p ON p.identifier = m.order_identifier
LEFT JOIN purchase_line l ON l.purchase_id = p.id AND l.sku_id = m.sku_id
WHERE m.back > coalesce(l.quantity, 0)
UNION ALL
-- Lines of SKUs that were surely counted when the order was made: the last movement before left some there, or was a sale, and
-- nobody began or stopped counting within the minute.
SELECT 'ordered-goods-were-not-taken-from-stock', p.identifier, 'SKU ' || l.sku_id || ': ' || l.quantity
FROM (SELECT sku_id, min(moved_at) AS first_at FROM stock_movement GROUP BY sku_id) AS counted
JOIN purchase_line l ON l.sku_id = counted.sku_id
JOIN purchase p ON p.id = l.purchase_id AND p.ordered_at > counted.first_at + interval '1 minute'
LEFT JOIN stock_movement sold ON sold.reason = 'sold' AND sold.order_identifier = p.identifier AND sold.sku_id = l.sku_id
CROSS JOIN LATERAL (
    SELECT m.reason, m.on_hand_after FROM stock_movement m
    WHERE m.sku_id = l.sku_id AND m.moved_at < p.ordered_at ORDER BY m.id DESC LIMIT 1
) AS before
WHERE sold.id IS NULL AND (before.on_hand_after > 0 OR before.reason <> 'set')
  AND NOT EXISTS (SELECT FROM stock_movement m WHERE m.sku_id = l.sku_id AND m.reason = 'set'
                  AND m.moved_at BETWEEN p.ordered_at - interval '1 minute' AND p.ordered_at + interval '1 minute')
UNION ALL
-- Promised and never released: the session has ended, and nobody has asked about it since. One that was asked about waits for a
-- slow method of payment, a month at most (package checkout).
SELECT 'reservation-outlives-its-session', c.reference, 'ended ' || to_char(c.session_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM checkout c
WHERE c.state IN ('open', 'superseded') AND c.session_expires_at <= sqlc.arg(reserved_until)::timestamptz
  AND (c.next_check_at <= c.session_expires_at + interval '1 minute' OR c.session_expires_at <= sqlc.arg(reserved_until)::timestamptz - interval '31 days')
  AND EXISTS (SELECT FROM checkout_line l JOIN stock s ON s.sku_id = l.sku_id WHERE l.checkout_id = c.id)
UNION ALL
-- The money of a payment that has an order goes back as a refund of the order. Under an exception it goes back where there is none,
-- and of such money no order may come; one that says how a refund went names what was to go back anyway.
SELECT 'money-of-order-given-back-under-an-exception', p.identifier, x.reason || ': ' || r.amount_minor || ' ' || r.currency
FROM refund r
JOIN payment_exception x ON x.id = r.exception_id
JOIN purchase_payment y ON y.payment_intent_id = r.payment_intent
JOIN purchase p ON p.id = y.purchase_id
WHERE r.state <> 'failed' AND x.reason <> 'refund-failed'
UNION ALL
-- No order will come of it, and what it promised should be free. The sweep looks within the hour.
SELECT 'checkout-open-though-its-money-was-given-back', c.reference, c.state || ', ' || r.amount_minor || ' ' || r.currency
FROM refund r
JOIN payment_exception x ON x.id = r.exception_id
JOIN checkout c ON c.session_id = x.session_id
WHERE r.state <> 'failed' AND c.state IN ('open', 'superseded') AND r.requested_at <= sqlc.arg(reserved_until)::timestamptz - interval '15 minutes'
ORDER BY 1, 2, 3;

-- name: BooksOfSessions :many
-- What we have written about sessions; one row each, also of those we know nothing of.
SELECT s.session_id::text AS session_id, p.identifier, p.currency, p.total_minor AS order_total_minor, c.id AS checkout_id, c.reference,
       y.payment_intent_id, y.currency AS payment_currency, y.subtotal_minor, y.discount_minor, y.tax_minor, y.shipping_minor, y.total_minor,
       EXISTS (SELECT FROM payment_exception x WHERE x.session_id = s.session_id) AS excepted
FROM unnest(sqlc.arg(session_ids)::text[]) AS s (session_id)
LEFT JOIN purchase p ON p.session_id = s.session_id
LEFT JOIN checkout c ON c.id = p.checkout_id
LEFT JOIN purchase_payment y ON y.purchase_id = p.id;

-- name: MoneyOfIntents :many
-- What we know became of payments; no row: nothing. A young refund may be on its way to Stripe.
SELECT i.payment_intent::text AS payment_intent,
       coalesce((SELECT sum(r.amount_minor) FROM refund r WHERE r.payment_intent = i.payment_intent AND r.state <> 'failed'), 0)::bigint AS refunded_minor,
       EXISTS (SELECT FROM refund r WHERE r.payment_intent = i.payment_intent AND r.state = 'pending' AND r.refund_id IS NULL
               AND r.requested_at > sqlc.arg(young)::timestamptz) AS under_way,
       EXISTS (SELECT FROM dispute d WHERE d.payment_intent = i.payment_intent) AS disputed
FROM unnest(sqlc.arg(payment_intents)::text[]) AS i (payment_intent);

-- name: FindCheckoutByReference :one
SELECT id, total_minor FROM checkout WHERE reference = sqlc.arg(reference);

-- name: ListOrdersOfPeriod :many
SELECT c.id AS checkout_id, c.reference, c.created_at, p.session_id
FROM checkout c JOIN purchase p ON p.checkout_id = c.id
WHERE c.created_at >= sqlc.arg(from_at)::timestamptz AND c.created_at < sqlc.arg(until_at)::timestamptz AND c.id > sqlc.arg(after)
ORDER BY c.id
LIMIT sqlc.arg(most);

-- name: NoteReconciliation :exec
INSERT INTO reconciliation (from_at, until_at, finished_at, payments, orders, findings)
VALUES (sqlc.arg(from_at), sqlc.arg(until_at), sqlc.arg(finished_at), sqlc.arg(payments), sqlc.arg(orders), sqlc.arg(findings));

-- name: ReconciledUntil :one
SELECT until_at FROM reconciliation ORDER BY until_at DESC LIMIT 1;

-- name: ListDaysToCompareAgain :many
-- Days with checkouts that were not compared as whole days since then, those longest ago first. A day is 24 hours of UTC.
SELECT d.began::timestamptz AS began
FROM generate_series(sqlc.arg(oldest)::timestamptz, sqlc.arg(newest)::timestamptz, interval '24 hours') AS d (began)
LEFT JOIN LATERAL (
    SELECT max(r.finished_at) AS compared FROM reconciliation r WHERE r.from_at = d.began AND r.until_at = d.began + interval '24 hours'
) AS last ON true
WHERE (last.compared IS NULL OR last.compared <= sqlc.arg(compared_by)::timestamptz)
  AND EXISTS (SELECT FROM checkout c WHERE c.created_at >= d.began AND c.created_at < d.began + interval '24 hours')
ORDER BY last.compared NULLS FIRST, d.began DESC
LIMIT sqlc.arg(most);
