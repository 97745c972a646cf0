-- One row: with what the concentrator signs for its journal.
CREATE TABLE journal_key (private BLOB NOT NULL) STRICT;
