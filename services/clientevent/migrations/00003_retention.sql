-- +goose Up

-- Drops the oldest partition that ends before or with the month of before_month and gives its name, null when none is left.
-- One at a time, so that each has a transaction of its own. A drop needs the parent for itself for a moment: it gives up
-- after a second of waiting for it, as writers queue behind whoever waits. Months are made and dropped under one lock.
-- +goose StatementBegin
CREATE FUNCTION drop_event_partition(before_month date) RETURNS text LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
DECLARE
    oldest text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('clientevents.make_event_partitions'));
    SELECT month.relname INTO oldest
    FROM pg_inherits
    JOIN pg_class parent ON parent.oid = pg_inherits.inhparent
    JOIN pg_class month ON month.oid = pg_inherits.inhrelid
    WHERE parent.relnamespace = current_schema()::regnamespace AND month.relnamespace = parent.relnamespace
      AND parent.relname IN ('pageview', 'ajax_error', 'button_click', 'link_event')
      -- Names sort as months do.
      AND month.relname ~ ('^' || parent.relname || '_[0-9]{4}_[0-9]{2}$')
      AND right(month.relname, 7) < to_char(date_trunc('month', before_month::timestamp), 'YYYY_MM')
    ORDER BY right(month.relname, 7), month.relname
    LIMIT 1;
    IF oldest IS NOT NULL THEN
        EXECUTE format('DROP TABLE %I', oldest);
    END IF;
    RETURN oldest;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION drop_event_partition(date);
