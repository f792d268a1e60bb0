-- name: Use :many
-- Counts one try under each rule, unless one of them has been used up: then under none. Gives the ends of the windows that
-- refuse. A window that fills up while the statement runs is seen by what it is counted to.
WITH asked AS (
    SELECT unnest(@rules::text[]) AS rule, unnest(@subjects::text[]) AS subject, unnest(@ends::timestamptz[]) AS ends_at,
           unnest(@most::integer[]) AS most
), used_up AS (
    SELECT a.ends_at
    FROM asked a
    JOIN rate_limits r ON r.rule = a.rule AND r.subject = a.subject AND r.ends_at = a.ends_at
    WHERE r.uses >= a.most
), counted AS (
    INSERT INTO rate_limits (rule, subject, ends_at, uses)
    SELECT a.rule, a.subject, a.ends_at, 1
    FROM asked a
    WHERE NOT EXISTS (SELECT FROM used_up)
    ORDER BY a.rule, a.subject
    ON CONFLICT (rule, subject, ends_at) DO UPDATE SET uses = rate_limits.uses + 1
    RETURNING rule, subject, ends_at, uses
)
SELECT u.ends_at::timestamptz AS ends_at FROM used_up u
UNION ALL
SELECT c.ends_at
FROM counted c
JOIN asked a ON a.rule = c.rule AND a.subject = c.subject
WHERE c.uses > a.most;

-- name: Purge :execrows
DELETE FROM rate_limits WHERE ends_at <= @ended_before;
