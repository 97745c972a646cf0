-- When households are armed by the clock; an entry remembers the last day on which it was.
CREATE TABLE schedule (
    household TEXT NOT NULL,
    number INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (household, number)
) STRICT, WITHOUT ROWID;
