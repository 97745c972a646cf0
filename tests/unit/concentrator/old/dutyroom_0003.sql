BEGIN TRANSACTION;
CREATE TABLE answers (
    idempotency_key TEXT PRIMARY KEY,
    request_sha256 BLOB NOT NULL,
    log_number INTEGER REFERENCES log (number),
    refusal TEXT
);
CREATE TABLE "commands" (
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
CREATE TABLE first_command (number INTEGER NOT NULL);
INSERT INTO "first_command" VALUES(1795902213);
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    kind TEXT NOT NULL
);
INSERT INTO "incidents" VALUES(1,'3-2-0501','hold_up');
CREATE TABLE journals (
    journal_id TEXT NOT NULL,
    concentrator TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (journal_id, concentrator)
);
INSERT INTO "journals" VALUES('90c20050246569e72c8314ababc82565','3',1790000060000);
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
INSERT INTO "log" VALUES(1,1790000060000,'alarm',1,'{"building":"3","household":"3-2-0501","id":1,"kind":"hold_up","latest_at_ms":1790000000000,"opened_at_ms":1790000000000,"place":"3-2-0501","presses":1,"sources":[{"answered":[],"node":{"network":1,"node":1},"report":{"journal_id":"90c20050246569e72c8314ababc82565","seq":2,"sha256":"121966a94f1a5b9bc8933e714686b55e7a437bc7312349c2c135b5a982fa2e01"},"zone":{"kind":"hold_up","name":"bedside","number":1}}],"state":"new","unseen":1,"version":1}','90c20050246569e72c8314ababc82565',2,'121966a94f1a5b9bc8933e714686b55e7a437bc7312349c2c135b5a982fa2e01',NULL,NULL,'{"transition": "first alarm"}',X'5CFE43AA153C07C76F469A6B46E8A9E645B3AC6F58617909A86D3101FA1624E6');
INSERT INTO "log" VALUES(2,1790000060000,'context',1,'{"building":"3","household":"3-2-0501","id":1,"kind":"hold_up","latest_at_ms":1790000000000,"opened_at_ms":1790000000000,"place":"3-2-0501","presses":1,"sources":[{"answered":[],"node":{"network":1,"node":1},"report":{"journal_id":"90c20050246569e72c8314ababc82565","seq":2,"sha256":"121966a94f1a5b9bc8933e714686b55e7a437bc7312349c2c135b5a982fa2e01"},"zone":{"kind":"hold_up","name":"bedside","number":1}}],"state":"new","unseen":1,"version":1}','90c20050246569e72c8314ababc82565',3,'e93315a7b53c49008d5cd5f1642702c95186594487ed0b6b5dbcc078220f2cd3',NULL,NULL,'{}',X'09B99DF785DEE51071B48A71DCC7AC2396C346AA8F09244C2DEECBC4BC85428D');
CREATE TABLE on_test (
    household TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL
);
CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE reports (
    journal_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    body TEXT NOT NULL, -- the canonical JSON that sha256 was made from
    household TEXT, -- as in body, to find a household's newest
    PRIMARY KEY (journal_id, seq)
);
INSERT INTO "reports" VALUES('90c20050246569e72c8314ababc82565',1,'778cc27baae516302ba801ee10135b33e17e7eb48005fa7c818e2a20b094f3e5',1790000060000,'{"counter":1,"delayed":false,"firmware":"0.1.0 test","household":"3-2-0501","kind":"node_started","lane":"routine","node":{"network":1,"node":1},"recorded_at_ms":1790000000000,"seq":1,"test":false,"time_doubtful":false,"version":1}','3-2-0501');
INSERT INTO "reports" VALUES('90c20050246569e72c8314ababc82565',2,'121966a94f1a5b9bc8933e714686b55e7a437bc7312349c2c135b5a982fa2e01',1790000060000,'{"counter":2,"delayed":false,"event_at_ms":1790000000000,"event_id":2,"household":"3-2-0501","kind":"hold_up_alarm","lane":"panic","node":{"network":1,"node":1},"panel":{"latched":["hold_up"],"mode":"off"},"recorded_at_ms":1790000000000,"rule":"button pressed","seq":2,"test":false,"time_doubtful":false,"version":1,"witnessed":{"code":3,"epoch":1,"first_counter":2,"time_s":1790000000,"zone":1},"zone":{"kind":"hold_up","name":"bedside","number":1}}','3-2-0501');
INSERT INTO "reports" VALUES('90c20050246569e72c8314ababc82565',3,'e93315a7b53c49008d5cd5f1642702c95186594487ed0b6b5dbcc078220f2cd3',1790000060000,'{"counter":3,"delayed":false,"device":"6HTGZ65XB7YFS","evidence":{"before":"0000000000000000000000000000000000000000000000000000000000000000","digest":"af39a811f20685cd9236ee9a3f8a130e0ae328a54790d6087d88c5f1ece238d8","epoch":1,"events":[{"code":3,"epoch":1,"first_counter":2,"time_s":1790000000,"zone":1}],"public_key":"8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c","signature":"d3e9e37157bb39df1ab1582a3896ab7aebebefa9eb36ac85b802c4f67d997d0162b82c89a429bc545b30b28017c4cb2dc28a05ed5224d926d60366421d8c170b","time_age_s":60,"time_s":1790000000},"household":"3-2-0501","kind":"evidence","lane":"routine","node":{"network":1,"node":1},"recorded_at_ms":1790000000000,"seq":3,"test":false,"time_doubtful":false,"version":1}','3-2-0501');
INSERT INTO "reports" VALUES('90c20050246569e72c8314ababc82565',4,'54dea0670311d8b2b18d1d6c15eca002ee65c5ed8eec1ead745d6f6028842179',1790000060000,'{"counter":1,"delayed":false,"event_at_ms":1790000000000,"event_id":1,"household":"3-2-0502","kind":"opened","lane":"routine","node":{"network":1,"node":2},"panel":{"latched":[],"mode":"off"},"recorded_at_ms":1790000000000,"rule":"as it should be","seq":4,"test":false,"time_doubtful":false,"version":1,"witnessed":{"code":1,"epoch":1,"first_counter":1,"time_s":1790000000,"zone":0},"zone":{"kind":"entry","name":"front-door","number":0}}','3-2-0502');
CREATE TABLE sessions (
    token_sha256 BLOB PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES people (id),
    opened_at_ms INTEGER NOT NULL
);
CREATE TABLE standing (
    concentrator TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    log_number INTEGER NOT NULL REFERENCES log (number),
    PRIMARY KEY (concentrator, kind, subject)
);
CREATE INDEX reports_of_household ON reports (household) WHERE household IS NOT NULL;
CREATE INDEX incidents_of_place ON incidents (place, kind);
CREATE INDEX log_of_incident ON log (incident_id, number) WHERE incident_id IS NOT NULL;
CREATE INDEX log_of_closings ON log (at_ms) WHERE what = 'close';
CREATE INDEX log_of_conflicts ON log (journal_id, seq) WHERE what = 'conflict';
CREATE VIEW changes AS
    SELECT log.*, reports.body AS report
    FROM log LEFT JOIN reports ON reports.journal_id = log.journal_id AND reports.seq = log.seq;
CREATE TRIGGER reports_stay BEFORE UPDATE ON reports BEGIN SELECT RAISE(ABORT, 'reports are never changed'); END;
CREATE TRIGGER reports_remain BEFORE DELETE ON reports BEGIN SELECT RAISE(ABORT, 'reports are never deleted'); END;
CREATE TRIGGER log_stays BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_remains BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is never deleted'); END;
CREATE TRIGGER incidents_stay BEFORE UPDATE ON incidents BEGIN SELECT RAISE(ABORT, 'incidents are never changed'); END;
CREATE TRIGGER incidents_remain BEFORE DELETE ON incidents BEGIN SELECT RAISE(ABORT, 'incidents are never deleted'); END;
CREATE INDEX commands_of_journal ON commands (journal_id, number);
CREATE INDEX commands_of_incident ON commands (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX commands_of_log ON commands (log_number);
CREATE TRIGGER commands_stay BEFORE UPDATE ON commands BEGIN SELECT RAISE(ABORT, 'commands are never changed'); END;
CREATE TRIGGER commands_remain BEFORE DELETE ON commands BEGIN SELECT RAISE(ABORT, 'commands are never deleted'); END;
CREATE INDEX log_of_troubles ON log (at_ms) WHERE what IN ('trouble', 'trouble_over', 'conflict', 'link_lost', 'link_back');
CREATE INDEX log_of_outcomes ON log (number) WHERE what = 'outcome';
COMMIT;
PRAGMA user_version = 3;
