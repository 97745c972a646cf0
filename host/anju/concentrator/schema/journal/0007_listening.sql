-- From when to when nodes were listened to, so that a node's silence goes on over a restart.
CREATE TABLE listening (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;
