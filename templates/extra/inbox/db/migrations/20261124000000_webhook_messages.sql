-- Package inbox records webhook messages in this table.

-- +goose Up
CREATE TABLE webhook_messages (
    function TEXT NOT NULL,
    id TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    handled_at BIGINT,
    PRIMARY KEY (function, id)
);

-- +goose Down
DROP TABLE webhook_messages;
