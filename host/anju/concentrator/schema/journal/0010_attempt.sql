-- When a row of state 0 was first sent; NULL: it is queued. It is sent again until it is received.
ALTER TABLE outbox ADD COLUMN sent_at_ms INTEGER;

-- A destination that fails: how often in a row, and when it is tried again, by the wall clock. Gone once it has received something.
CREATE TABLE attempt (
    destination TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    next_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
