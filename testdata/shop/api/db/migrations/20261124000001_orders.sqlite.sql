-- +goose Up
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tracking_number TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'UNKNOWN',
    UNIQUE (tracking_number, status)
);

-- +goose Down
DROP TABLE orders;
