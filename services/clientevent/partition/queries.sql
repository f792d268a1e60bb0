-- name: MakeEventPartitions :one
SELECT make_event_partitions(@first_month::date, @months::integer)::integer AS made;
