-- One row: what this journal is called. A journal that is created, restored or set aside gets a new name.
CREATE TABLE journal (
    journal_id TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Everything that happened, append-only. `report` is canonical JSON, `sha256` its hash, `chain` the hash over all rows so far.
-- network to first_counter name a node's event, which is journalled once; they are NULL for whatever is not one.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    network INTEGER,
    node INTEGER,
    epoch INTEGER,
    first_counter INTEGER,
    report TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    chain BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_once ON event (network, node, epoch, first_counter) WHERE first_counter IS NOT NULL;

-- What is owed to each destination. lane: 0 panic, 1 alarm, 2 routine. state: 0 owed, 1 received, 2 conflict.
CREATE TABLE outbox (
    destination TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES event (seq),
    household TEXT NOT NULL,
    lane INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    settled_at_ms INTEGER,
    PRIMARY KEY (destination, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_in_order ON outbox (destination, seq, household) WHERE state = 0;
CREATE INDEX outbox_of_household ON outbox (destination, household, seq) WHERE state = 0;
CREATE INDEX outbox_urgent ON outbox (destination, household, lane) WHERE state = 0 AND lane < 2;

-- One row a node: the freshness window (highest counter and marks) is committed with the event it let in.
CREATE TABLE node (
    network INTEGER NOT NULL,
    node INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    highest INTEGER NOT NULL,
    marks BLOB NOT NULL,
    levels INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    route_link TEXT,
    route_peer TEXT,
    boot BLOB NOT NULL,
    firmware TEXT NOT NULL,
    PRIMARY KEY (network, node)
) STRICT, WITHOUT ROWID;

-- One row a household: the panel's state, so that it is the same after a restart.
CREATE TABLE panel (
    household TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Commands from the estate, each carried out at most once; `outcome` is NULL while one waits for its node.
CREATE TABLE command (
    number INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    network INTEGER,
    node INTEGER,
    event_id INTEGER,
    outcome TEXT
) STRICT;
CREATE INDEX command_waiting ON command (number) WHERE outcome IS NULL;
