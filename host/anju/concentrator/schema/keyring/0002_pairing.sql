-- A link's device is the id on the label of the node that was paired; '' = keys that were made at the bench. A link that has
-- ended keeps its row without its keys, so that a node id is never given twice.
ALTER TABLE link ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE link ADD COLUMN public_key BLOB NOT NULL DEFAULT x'';
ALTER TABLE link ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE link ADD COLUMN paired_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;

-- What was promised to whom in a pairing, and what became of it. No row holds a setup code.
CREATE TABLE promise (
    device TEXT NOT NULL,
    attempt BLOB NOT NULL,
    stage TEXT NOT NULL,
    public_key BLOB NOT NULL,
    note TEXT NOT NULL,
    clear BLOB NOT NULL,
    granted BLOB NOT NULL,
    digest BLOB NOT NULL,
    down BLOB NOT NULL,
    up BLOB NOT NULL,
    PRIMARY KEY (device, attempt)
) STRICT, WITHOUT ROWID;

-- What changed here and is not in the journal yet: the facts of a report.
CREATE TABLE notice (
    number INTEGER PRIMARY KEY,
    facts TEXT NOT NULL
) STRICT;
