-- Reports by what a node says of the event in them. A concentrator that was made of a backup, or whose journal was repaired, may
-- take an event once more that it had journalled before, because its node has not heard of that or somebody plays it again. Such a
-- report is kept and marked (`again`), and nobody is told anything by it.
CREATE TABLE witnessed (
    first_counter INTEGER NOT NULL,
    node INTEGER NOT NULL,
    network INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    journal_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    again INTEGER NOT NULL,
    PRIMARY KEY (first_counter, node, network, epoch, journal_id, seq),
    FOREIGN KEY (journal_id, seq) REFERENCES reports (journal_id, seq)
) WITHOUT ROWID;
CREATE INDEX witnessed_again ON witnessed (journal_id, seq) WHERE again;

INSERT INTO witnessed
    SELECT json_extract(body, '$.witnessed.first_counter'), json_extract(body, '$.node.node'), json_extract(body, '$.node.network'),
        json_extract(body, '$.witnessed.epoch'), journal_id, seq, 0
    FROM reports
    WHERE json_extract(body, '$.witnessed') IS NOT NULL AND json_extract(body, '$.node') IS NOT NULL;

CREATE TRIGGER witnessed_stays BEFORE UPDATE ON witnessed BEGIN SELECT RAISE(ABORT, 'marks are never changed'); END;
CREATE TRIGGER witnessed_remains BEFORE DELETE ON witnessed BEGIN SELECT RAISE(ABORT, 'marks are never deleted'); END;
