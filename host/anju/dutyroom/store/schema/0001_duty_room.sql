-- What came up, once and for ever. rowid is the order of arrival.
CREATE TABLE reports (
    journal_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    body TEXT NOT NULL, -- the canonical JSON that sha256 was made from
    household TEXT, -- as in body, to find a household's newest
    PRIMARY KEY (journal_id, seq)
);
CREATE INDEX reports_of_household ON reports (household) WHERE household IS NOT NULL;

-- Who calls from which journal; a restored concentrator comes with a new one.
CREATE TABLE journals (
    journal_id TEXT NOT NULL,
    concentrator TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (journal_id, concentrator)
);

-- Only to find the newest incident of a kind at a place; what became of it stands in the log.
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    kind TEXT NOT NULL
);
CREATE INDEX incidents_of_place ON incidents (place, kind);

-- Names, apart from the events: a person can be forgotten without breaking the chain.
CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- Everything that happened, in order, never changed: each link covers its row, the row's report and all rows before.
-- `incident` is the incident as of this row.
CREATE TABLE log (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    what TEXT NOT NULL,
    incident_id INTEGER REFERENCES incidents (id),
    incident TEXT,
    journal_id TEXT,
    seq INTEGER,
    sha256 TEXT,
    person_id INTEGER REFERENCES people (id),
    origin TEXT,
    detail TEXT NOT NULL,
    link BLOB NOT NULL,
    FOREIGN KEY (journal_id, seq) REFERENCES reports (journal_id, seq)
);
CREATE INDEX log_of_incident ON log (incident_id, number) WHERE incident_id IS NOT NULL;
CREATE INDEX log_of_closings ON log (at_ms) WHERE what = 'close';
CREATE INDEX log_of_troubles ON log (at_ms) WHERE what IN ('trouble', 'conflict', 'link_lost', 'link_back');
CREATE INDEX log_of_conflicts ON log (journal_id, seq) WHERE what = 'conflict';

-- The log with the reports it speaks of.
CREATE VIEW changes AS
    SELECT log.*, reports.body AS report
    FROM log LEFT JOIN reports ON reports.journal_id = log.journal_id AND reports.seq = log.seq;

-- Orders on their way down. Numbers go on from the time at which this file was made, so that another file never reuses one.
CREATE TABLE commands (
    number INTEGER PRIMARY KEY,
    log_number INTEGER NOT NULL REFERENCES log (number),
    incident_id INTEGER NOT NULL REFERENCES incidents (id),
    kind TEXT NOT NULL,
    journal_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    household TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (id),
    at_ms INTEGER NOT NULL,
    valid_s INTEGER NOT NULL,
    FOREIGN KEY (journal_id, seq) REFERENCES reports (journal_id, seq)
);
CREATE INDEX commands_of_journal ON commands (journal_id, number);
CREATE INDEX commands_of_incident ON commands (incident_id);

CREATE TABLE first_command (number INTEGER NOT NULL);
INSERT INTO first_command VALUES (CAST(strftime('%s', 'now') AS INTEGER));

-- What a POST with this key was answered: the change it made, or why it made none.
CREATE TABLE answers (
    idempotency_key TEXT PRIMARY KEY,
    request_sha256 BLOB NOT NULL,
    log_number INTEGER REFERENCES log (number),
    refusal TEXT
);

-- Who sits at which browser. Not a log-in; ended ones are removed, the log keeps who came when.
CREATE TABLE sessions (
    token_sha256 BLOB PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES people (id),
    opened_at_ms INTEGER NOT NULL
);

CREATE TRIGGER reports_stay BEFORE UPDATE ON reports BEGIN SELECT RAISE(ABORT, 'reports are never changed'); END;
CREATE TRIGGER reports_remain BEFORE DELETE ON reports BEGIN SELECT RAISE(ABORT, 'reports are never deleted'); END;
CREATE TRIGGER log_stays BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_remains BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is never deleted'); END;
CREATE TRIGGER incidents_stay BEFORE UPDATE ON incidents BEGIN SELECT RAISE(ABORT, 'incidents are never changed'); END;
CREATE TRIGGER incidents_remain BEFORE DELETE ON incidents BEGIN SELECT RAISE(ABORT, 'incidents are never deleted'); END;
CREATE TRIGGER commands_stay BEFORE UPDATE ON commands BEGIN SELECT RAISE(ABORT, 'commands are never changed'); END;
CREATE TRIGGER commands_remain BEFORE DELETE ON commands BEGIN SELECT RAISE(ABORT, 'commands are never deleted'); END;
