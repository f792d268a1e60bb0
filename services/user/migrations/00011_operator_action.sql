-- +goose Up

-- What operators did by command.
CREATE TABLE operator_action (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    done_at timestamptz NOT NULL,
    done_by text NOT NULL CHECK (length(done_by) BETWEEN 1 AND 200),
    command text NOT NULL,
    subject text NOT NULL,
    detail  text NOT NULL
);

-- +goose Down
DROP TABLE operator_action;
