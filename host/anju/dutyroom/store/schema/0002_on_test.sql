-- Households that are on TEST, as their newest report says that tells of a panel: only to find them.
CREATE TABLE on_test (
    household TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL
);
