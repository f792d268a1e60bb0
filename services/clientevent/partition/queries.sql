-- name: MakeEventPartitions :one
SELECT make_event_partitions(@first_month::date, @months::integer)::integer AS made;

-- name: DropEventPartition :one
-- Empty when there is none left to drop.
SELECT coalesce(drop_event_partition(@before_month::date), '')::text AS dropped;

-- What no month was made for lies in the default partitions, and is deleted row by row;
-- instances that do so at once take different rows.

-- name: DeletePageviewsBefore :execrows
DELETE FROM pageview WHERE created_at < @before::timestamptz AND (created_at, id) IN (
    SELECT old.created_at, old.id FROM pageview AS old WHERE old.created_at < @before::timestamptz ORDER BY old.created_at, old.id LIMIT @most::integer FOR UPDATE SKIP LOCKED);

-- name: DeleteAjaxErrorsBefore :execrows
DELETE FROM ajax_error WHERE created_at < @before::timestamptz AND (created_at, id) IN (
    SELECT old.created_at, old.id FROM ajax_error AS old WHERE old.created_at < @before::timestamptz ORDER BY old.created_at, old.id LIMIT @most::integer FOR UPDATE SKIP LOCKED);

-- name: DeleteButtonClicksBefore :execrows
DELETE FROM button_click WHERE created_at < @before::timestamptz AND (created_at, id) IN (
    SELECT old.created_at, old.id FROM button_click AS old WHERE old.created_at < @before::timestamptz ORDER BY old.created_at, old.id LIMIT @most::integer FOR UPDATE SKIP LOCKED);

-- name: DeleteLinkEventsBefore :execrows
DELETE FROM link_event WHERE created_at < @before::timestamptz AND (created_at, id) IN (
    SELECT old.created_at, old.id FROM link_event AS old WHERE old.created_at < @before::timestamptz ORDER BY old.created_at, old.id LIMIT @most::integer FOR UPDATE SKIP LOCKED);
