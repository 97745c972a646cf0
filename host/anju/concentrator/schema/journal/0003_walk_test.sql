-- One row a household whose walk-test has begun and not ended: what is ticked stays so over a restart.
CREATE TABLE walk_test (
    household TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which rows of `event` are records that people ask for again: of walk-tests and surveys.
CREATE TABLE record (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    kind TEXT NOT NULL,
    household TEXT
) STRICT;
CREATE INDEX record_of_kind ON record (kind, household, seq);
