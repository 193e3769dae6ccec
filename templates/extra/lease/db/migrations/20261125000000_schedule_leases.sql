-- Package lease records in this table which process runs a schedule's function.

-- +goose Up
CREATE TABLE schedule_leases (
    function TEXT PRIMARY KEY,
    due BIGINT NOT NULL,
    holder TEXT NOT NULL,
    expires BIGINT NOT NULL
);

-- +goose Down
DROP TABLE schedule_leases;
