-- Counter of the node's last HELLO, and what is remembered of its battery.
ALTER TABLE node ADD COLUMN started INTEGER NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN battery BLOB NOT NULL DEFAULT x'';

-- Troubles that last, each until it is over.
CREATE TABLE fault (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
