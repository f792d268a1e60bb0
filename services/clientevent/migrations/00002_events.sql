-- +goose Up

-- Four kinds of events, each in months, so that old months can be dropped at once. The default partition takes what no
-- month is made for: an event is never refused for its date. Codes and ids are as the browser sent them, so nothing here
-- refers to other tables; whoever reports resolves them.

CREATE SEQUENCE pageview_id;
CREATE TABLE pageview (
    id              bigint      NOT NULL DEFAULT nextval('pageview_id'),
    created_at      timestamptz NOT NULL,
    client_event_id text        CHECK (length(client_event_id) BETWEEN 1 AND 100),
    anonymous_id    text        CHECK (length(anonymous_id) BETWEEN 1 AND 100),
    url             text        NOT NULL CHECK (length(url) <= 1000),
    page_width      integer,
    remote_address  text        CHECK (length(remote_address) <= 100),
    user_agent      text        CHECK (length(user_agent) <= 1000),
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);
CREATE TABLE pageview_default PARTITION OF pageview DEFAULT;

CREATE SEQUENCE ajax_error_id;
CREATE TABLE ajax_error (
    id              bigint      NOT NULL DEFAULT nextval('ajax_error_id'),
    created_at      timestamptz NOT NULL,
    client_event_id text        CHECK (length(client_event_id) BETWEEN 1 AND 100),
    anonymous_id    text        CHECK (length(anonymous_id) BETWEEN 1 AND 100),
    url             text        NOT NULL CHECK (length(url) <= 1000),
    error_id        text        NOT NULL CHECK (length(error_id) <= 100),
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);
CREATE TABLE ajax_error_default PARTITION OF ajax_error DEFAULT;

CREATE SEQUENCE button_click_id;
CREATE TABLE button_click (
    id              bigint      NOT NULL DEFAULT nextval('button_click_id'),
    created_at      timestamptz NOT NULL,
    client_event_id text        CHECK (length(client_event_id) BETWEEN 1 AND 100),
    anonymous_id    text        CHECK (length(anonymous_id) BETWEEN 1 AND 100),
    url             text        NOT NULL CHECK (length(url) <= 1000),
    button_id       text        NOT NULL CHECK (length(button_id) <= 100),
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);
CREATE TABLE button_click_default PARTITION OF button_click DEFAULT;

CREATE SEQUENCE link_event_id;
CREATE TABLE link_event (
    id           bigint      NOT NULL DEFAULT nextval('link_event_id'),
    created_at   timestamptz NOT NULL,
    anonymous_id text        CHECK (length(anonymous_id) BETWEEN 1 AND 100),
    url          text        NOT NULL CHECK (length(url) <= 1000),
    mb_cd        text        CHECK (length(mb_cd) BETWEEN 1 AND 100),
    pr_cd        text        CHECK (length(pr_cd) BETWEEN 1 AND 100),
    em_cd        text        CHECK (length(em_cd) BETWEEN 1 AND 100),
    ad_cd        text        CHECK (length(ad_cd) BETWEEN 1 AND 100),
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);
CREATE TABLE link_event_default PARTITION OF link_event DEFAULT;

ALTER SEQUENCE pageview_id OWNED BY pageview.id;
ALTER SEQUENCE ajax_error_id OWNED BY ajax_error.id;
ALTER SEQUENCE button_click_id OWNED BY button_click.id;
ALTER SEQUENCE link_event_id OWNED BY link_event.id;

-- Makes the missing partitions of that many months (UTC) from first_month on and gives their number. Events of such a
-- month that arrived before it are moved out of the default partition. Writers wait for the moment this takes: one that
-- had already chosen the default partition would be refused when the month is attached. Two calls at once wait for each
-- other.
-- +goose StatementBegin
CREATE FUNCTION make_event_partitions(first_month date, months integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent    text;
    partition text;
    month     timestamp;
    first_at  text;
    end_at    text;
    made      integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('clientevents.make_event_partitions'));
    FOREACH parent IN ARRAY ARRAY['pageview', 'ajax_error', 'button_click', 'link_event'] LOOP
        FOR n IN 0 .. months - 1 LOOP
            month := date_trunc('month', first_month::timestamp) + make_interval(months => n);
            partition := parent || to_char(month, '_YYYY_MM');
            CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
            first_at := to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00';
            end_at := to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00';
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent);
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', partition, parent);
            EXECUTE format('WITH early AS (DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *) INSERT INTO %I SELECT * FROM early',
                parent || '_default', first_at, end_at, partition);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, first_at, end_at);
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION make_event_partitions(date, integer);
DROP TABLE pageview, ajax_error, button_click, link_event;
