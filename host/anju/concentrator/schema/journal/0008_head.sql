-- The end of the chain as the journal's key has signed it, in the transaction of its last row.
CREATE TABLE head (
    seq INTEGER NOT NULL,
    link BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

-- At most one row: the chain is whole from after row `seq` on, whose link this was. Of the rows up to it `events` of nodes are gone, and
-- `kept` is the digest of those that are there.
CREATE TABLE cut (
    seq INTEGER NOT NULL,
    link BLOB NOT NULL,
    events INTEGER NOT NULL,
    kept BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
