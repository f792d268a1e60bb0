-- name: CountBooks :one
SELECT (SELECT count(*) FROM checkout) AS checkouts,
       (SELECT count(*) FROM purchase) AS orders,
       (SELECT coalesce(sum(total_minor), 0) FROM purchase)::bigint AS total_minor;
