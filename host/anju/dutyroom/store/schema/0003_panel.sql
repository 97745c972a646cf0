-- Commands may concern no incident; what a kind of command needs beside what all have stands in `more`, as JSON.
CREATE TABLE commands_now (
    number INTEGER PRIMARY KEY,
    log_number INTEGER NOT NULL REFERENCES log (number),
    incident_id INTEGER REFERENCES incidents (id),
    kind TEXT NOT NULL,
    journal_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    household TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (id),
    at_ms INTEGER NOT NULL,
    valid_s INTEGER NOT NULL,
    more TEXT NOT NULL,
    FOREIGN KEY (journal_id, seq) REFERENCES reports (journal_id, seq)
);
INSERT INTO commands_now SELECT *, '{}' FROM commands;
DROP TABLE commands;
ALTER TABLE commands_now RENAME TO commands;
CREATE INDEX commands_of_journal ON commands (journal_id, number);
CREATE INDEX commands_of_incident ON commands (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX commands_of_log ON commands (log_number);
CREATE TRIGGER commands_stay BEFORE UPDATE ON commands BEGIN SELECT RAISE(ABORT, 'commands are never changed'); END;
CREATE TRIGGER commands_remain BEFORE DELETE ON commands BEGIN SELECT RAISE(ABORT, 'commands are never deleted'); END;

DROP INDEX log_of_troubles;
CREATE INDEX log_of_troubles ON log (at_ms) WHERE what IN ('trouble', 'trouble_over', 'conflict', 'link_lost', 'link_back');

-- Troubles that last and are not over: only to find the row of the log that tells of each.
CREATE TABLE standing (
    concentrator TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    log_number INTEGER NOT NULL REFERENCES log (number),
    PRIMARY KEY (concentrator, kind, subject)
);

-- What became of a command stands behind the row that gave it.
CREATE INDEX log_of_outcomes ON log (number) WHERE what = 'outcome';
