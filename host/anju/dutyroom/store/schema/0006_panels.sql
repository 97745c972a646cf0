-- What panels of other makers have said lately, so that what they say again is known: a message is kept for an hour.
CREATE TABLE panel_messages (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    receiver TEXT NOT NULL,
    line TEXT NOT NULL,
    sequence TEXT NOT NULL,
    digest TEXT NOT NULL,
    stamp TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);
CREATE INDEX panel_messages_of_account ON panel_messages (account, number);
