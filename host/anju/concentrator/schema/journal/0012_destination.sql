-- Third parties that reports go to, beside the duty room, and whether a person has them on. One that is off is owed nothing; what it
-- was owed has state 3 in the outbox: given up.
CREATE TABLE destination (
    name TEXT PRIMARY KEY,
    is_on INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
