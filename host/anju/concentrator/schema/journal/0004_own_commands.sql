-- What people at this concentrator told a node to do, under the keys of one epoch alone; numbers below 2^30, each carried out at
-- most once. `outcome` is NULL while one waits for its node.
CREATE TABLE own_command (
    number INTEGER PRIMARY KEY,
    code INTEGER NOT NULL,
    network INTEGER NOT NULL,
    node INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    household TEXT NOT NULL,
    person TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    valid_s INTEGER NOT NULL,
    outcome TEXT
) STRICT;
CREATE INDEX own_command_waiting ON own_command (number) WHERE outcome IS NULL;
