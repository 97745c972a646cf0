-- One row a network: the first node id that is given from now on. Of a keyring that goes on from a copy, or from what could be read
-- of one, ids may have been given that it does not know.
CREATE TABLE first_node (
    network INTEGER PRIMARY KEY,
    node INTEGER NOT NULL
) STRICT;
