-- One row a node and handshake: its keys, where it hangs, and how far its downlink counters are reserved.
-- Rows are never deleted, so that a node id is never given twice.
CREATE TABLE link (
    network INTEGER NOT NULL,
    node INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    up BLOB NOT NULL,
    down BLOB NOT NULL,
    household TEXT NOT NULL,
    inputs TEXT NOT NULL,
    ceiling INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (network, node, epoch)
) STRICT, WITHOUT ROWID;
