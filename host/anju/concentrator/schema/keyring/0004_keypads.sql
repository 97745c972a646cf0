-- What opens a household at a keypad: scrypt of each person's digits, with a salt of the household's own. A duress code is another
-- one of the same person.
CREATE TABLE code (
    household TEXT NOT NULL,
    person TEXT NOT NULL,
    is_duress INTEGER NOT NULL,
    salt BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (household, person, is_duress)
) STRICT, WITHOUT ROWID;

-- What is known of a keypad or fob under these keys: its case was opened, and it has digits.
CREATE TABLE keypad (
    network INTEGER NOT NULL,
    node INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    is_exposed INTEGER NOT NULL DEFAULT 0,
    has_digits INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (network, node, epoch)
) STRICT, WITHOUT ROWID;
