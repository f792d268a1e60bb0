-- No index leads to an account's events, as each would cost every write. A table is walked day by day instead, so that no
-- statement looks at more than a day; the First... queries skip days without any event.

-- name: FirstPageview :one
SELECT created_at FROM pageview WHERE created_at >= @since::timestamptz ORDER BY created_at LIMIT 1;

-- name: FirstAjaxError :one
SELECT created_at FROM ajax_error WHERE created_at >= @since::timestamptz ORDER BY created_at LIMIT 1;

-- name: FirstButtonClick :one
SELECT created_at FROM button_click WHERE created_at >= @since::timestamptz ORDER BY created_at LIMIT 1;

-- name: FirstLinkEvent :one
SELECT created_at FROM link_event WHERE created_at >= @since::timestamptz ORDER BY created_at LIMIT 1;

-- name: ListPageviews :many
SELECT * FROM pageview
WHERE created_at >= @since::timestamptz AND created_at < @until::timestamptz AND (created_at, id) > (@since::timestamptz, @after_id::bigint)
  AND client_event_id = @owner::text
ORDER BY created_at, id LIMIT @most::integer;

-- name: ListAjaxErrors :many
SELECT * FROM ajax_error
WHERE created_at >= @since::timestamptz AND created_at < @until::timestamptz AND (created_at, id) > (@since::timestamptz, @after_id::bigint)
  AND client_event_id = @owner::text
ORDER BY created_at, id LIMIT @most::integer;

-- name: ListButtonClicks :many
SELECT * FROM button_click
WHERE created_at >= @since::timestamptz AND created_at < @until::timestamptz AND (created_at, id) > (@since::timestamptz, @after_id::bigint)
  AND client_event_id = @owner::text
ORDER BY created_at, id LIMIT @most::integer;

-- name: ListLinkEvents :many
SELECT * FROM link_event
WHERE created_at >= @since::timestamptz AND created_at < @until::timestamptz AND (created_at, id) > (@since::timestamptz, @after_id::bigint)
  AND mb_cd = @owner::text
ORDER BY created_at, id LIMIT @most::integer;

-- Locked in one order, so that two who do this at once cannot wait for each other in a circle.

-- name: AnonymisePageviews :execrows
UPDATE pageview SET client_event_id = NULL, anonymous_id = NULL, remote_address = NULL, user_agent = NULL
WHERE created_at >= @since::timestamptz AND created_at < @until::timestamptz AND (created_at, id) IN (
    SELECT mine.created_at, mine.id FROM pageview AS mine
    WHERE mine.created_at >= @since::timestamptz AND mine.created_at < @until::timestamptz AND mine.client_event_id = @owner::text
    ORDER BY mine.created_at, mine.id LIMIT @most::integer FOR UPDATE);

-- name: AnonymiseAjaxErrors :execrows
UPDATE ajax_error SET client_event_id = NULL, anonymous_id = NULL
WHERE created_at >= @since::timestamptz AND created_at < @until::timestamptz AND (created_at, id) IN (
    SELECT mine.created_at, mine.id FROM ajax_error AS mine
    WHERE mine.created_at >= @since::timestamptz AND mine.created_at < @until::timestamptz AND mine.client_event_id = @owner::text
    ORDER BY mine.created_at, mine.id LIMIT @most::integer FOR UPDATE);

-- name: AnonymiseButtonClicks :execrows
UPDATE button_click SET client_event_id = NULL, anonymous_id = NULL
WHERE created_at >= @since::timestamptz AND created_at < @until::timestamptz AND (created_at, id) IN (
    SELECT mine.created_at, mine.id FROM button_click AS mine
    WHERE mine.created_at >= @since::timestamptz AND mine.created_at < @until::timestamptz AND mine.client_event_id = @owner::text
    ORDER BY mine.created_at, mine.id LIMIT @most::integer FOR UPDATE);

-- name: AnonymiseLinkEvents :execrows
UPDATE link_event SET mb_cd = NULL, anonymous_id = NULL
WHERE created_at >= @since::timestamptz AND created_at < @until::timestamptz AND (created_at, id) IN (
    SELECT mine.created_at, mine.id FROM link_event AS mine
    WHERE mine.created_at >= @since::timestamptz AND mine.created_at < @until::timestamptz AND mine.mb_cd = @owner::text
    ORDER BY mine.created_at, mine.id LIMIT @most::integer FOR UPDATE);
