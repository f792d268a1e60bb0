-- +goose Up

-- Exactly one row, or none, which means the default (contract clientevent.md section 4 and defect 11).
CREATE TABLE configuration (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    log_client_events boolean NOT NULL DEFAULT true
);
INSERT INTO configuration DEFAULT VALUES;

-- +goose StatementBegin
CREATE FUNCTION tell_configuration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('clientevents_configuration', '');
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER configuration_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON configuration
    FOR EACH STATEMENT EXECUTE FUNCTION tell_configuration();

-- +goose Down
DROP TABLE configuration;
DROP FUNCTION tell_configuration();
