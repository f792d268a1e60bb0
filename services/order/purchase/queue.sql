-- What the queries of this room look at of River's table, for sqlc to read and nobody to run: River makes the table itself.
CREATE TYPE river_job_state AS ENUM ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled');
CREATE TABLE river_job (
    id         bigint PRIMARY KEY,
    state      river_job_state NOT NULL,
    created_at timestamptz NOT NULL,
    args       jsonb NOT NULL,
    kind       text NOT NULL
);
