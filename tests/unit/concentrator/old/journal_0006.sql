BEGIN TRANSACTION;
CREATE TABLE command (
    number INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    network INTEGER,
    node INTEGER,
    event_id INTEGER,
    outcome TEXT
) STRICT;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    network INTEGER,
    node INTEGER,
    epoch INTEGER,
    first_counter INTEGER,
    report TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    chain BLOB NOT NULL
) STRICT;
INSERT INTO "event" VALUES(1,NULL,NULL,NULL,NULL,'{"counter":1,"delayed":false,"firmware":"0.1.0 test","household":"3-2-0501","kind":"node_started","lane":"routine","node":{"network":1,"node":1},"recorded_at_ms":1790000000000,"seq":1,"test":false,"time_doubtful":false,"version":1}',X'778CC27BAAE516302BA801EE10135B33E17E7EB48005FA7C818E2A20B094F3E5',X'5043E7FFDADC1345A1917DC15CEED5C577DDF41C36D79EFE993162E9E5B2634C');
INSERT INTO "event" VALUES(2,1,1,1,2,'{"counter":2,"delayed":false,"event_at_ms":1790000000000,"event_id":2,"household":"3-2-0501","kind":"hold_up_alarm","lane":"panic","node":{"network":1,"node":1},"panel":{"latched":["hold_up"],"mode":"off"},"recorded_at_ms":1790000000000,"rule":"button pressed","seq":2,"test":false,"time_doubtful":false,"version":1,"witnessed":{"code":3,"epoch":1,"first_counter":2,"time_s":1790000000,"zone":1},"zone":{"kind":"hold_up","name":"bedside","number":1}}',X'121966A94F1A5B9BC8933E714686B55E7A437BC7312349C2C135B5A982FA2E01',X'8F162C7BC1EB72D397287596D3E0B9C6CF48754539FD38E8D42B8219447B7ADA');
INSERT INTO "event" VALUES(3,NULL,NULL,NULL,NULL,'{"counter":3,"delayed":false,"device":"6HTGZ65XB7YFS","evidence":{"before":"0000000000000000000000000000000000000000000000000000000000000000","digest":"af39a811f20685cd9236ee9a3f8a130e0ae328a54790d6087d88c5f1ece238d8","epoch":1,"events":[{"code":3,"epoch":1,"first_counter":2,"time_s":1790000000,"zone":1}],"public_key":"8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c","signature":"d3e9e37157bb39df1ab1582a3896ab7aebebefa9eb36ac85b802c4f67d997d0162b82c89a429bc545b30b28017c4cb2dc28a05ed5224d926d60366421d8c170b","time_age_s":60,"time_s":1790000000},"household":"3-2-0501","kind":"evidence","lane":"routine","node":{"network":1,"node":1},"recorded_at_ms":1790000000000,"seq":3,"test":false,"time_doubtful":false,"version":1}',X'E93315A7B53C49008D5CD5F1642702C95186594487ED0B6B5DBCC078220F2CD3',X'9369394A6AF1BF610C7E3CBB1FC0DA09C5342D69B0F2D712E852E944FB4C61F4');
INSERT INTO "event" VALUES(4,1,2,1,1,'{"counter":1,"delayed":false,"event_at_ms":1790000000000,"event_id":1,"household":"3-2-0502","kind":"opened","lane":"routine","node":{"network":1,"node":2},"panel":{"latched":[],"mode":"off"},"recorded_at_ms":1790000000000,"rule":"as it should be","seq":4,"test":false,"time_doubtful":false,"version":1,"witnessed":{"code":1,"epoch":1,"first_counter":1,"time_s":1790000000,"zone":0},"zone":{"kind":"entry","name":"front-door","number":0}}',X'54DEA0670311D8B2B18D1D6C15ECA002EE65C5ED8EEC1EAD745D6F6028842179',X'AF549EEEC492D1CEAEA99F91192CB79EC4A2D167E562EB1DAEC602694B96CE15');
INSERT INTO "event" VALUES(5,1,2,1,2,'{"counter":2,"delayed":false,"event_at_ms":1790000000000,"event_id":2,"household":"3-2-0502","kind":"closed","lane":"routine","node":{"network":1,"node":2},"panel":{"latched":[],"mode":"off"},"recorded_at_ms":1790000000000,"rule":"at rest","seq":5,"test":false,"time_doubtful":false,"version":1,"witnessed":{"code":2,"epoch":1,"first_counter":2,"time_s":1790000000,"zone":0},"zone":{"kind":"entry","name":"front-door","number":0}}',X'0E52E441A6CD74BA220F130D8B6062A484857FEF0D3667E7340DC432E366574E',X'917D4D04D9A5C504B19DD640E35C638ADBD988DC7979AC9BD78CD01B18D912F3');
INSERT INTO "event" VALUES(6,NULL,NULL,NULL,NULL,'{"delayed":false,"household":"3-2-0502","kind":"armed","lane":"routine","panel":{"latched":[],"mode":"away","phase":"exit"},"person":"Li Na","recorded_at_ms":1790000000000,"rule":"leaves","seq":6,"test":false,"time_doubtful":false,"version":1}',X'0DD9628CE133A28303F8CB4B126F74D4FB8AAB20B79164EAE84E6A29D4049004',X'D255BFED7954978B29934A185FAF1990D2CD27D6DFE8CD4A77FA0B9E14E7A8EE');
INSERT INTO "event" VALUES(7,NULL,NULL,NULL,NULL,'{"delayed":false,"household":"3-2-0502","kind":"exit_ended","lane":"routine","panel":{"latched":[],"mode":"away"},"recorded_at_ms":1790000060000,"rule":"is out","seq":7,"test":false,"time_doubtful":false,"version":1}',X'DB616820059133141D2FCEFD6D5A860BFE43AE41183AB1822BFCAF0B346333E3',X'40B7CF943BAA093D7A8A9C1005571EED2F406824EA43320B57B22BB540E30D72');
CREATE TABLE fault (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE journal (
    journal_id TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO "journal" VALUES('90c20050246569e72c8314ababc82565',1790000000000);
CREATE TABLE node (
    network INTEGER NOT NULL,
    node INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    highest INTEGER NOT NULL,
    marks BLOB NOT NULL,
    levels INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    route_link TEXT,
    route_peer TEXT,
    boot BLOB NOT NULL,
    firmware TEXT NOT NULL, evidence BLOB NOT NULL DEFAULT x'', started INTEGER NOT NULL DEFAULT 0, battery BLOB NOT NULL DEFAULT x'',
    PRIMARY KEY (network, node)
) STRICT, WITHOUT ROWID;
INSERT INTO "node" VALUES(1,1,1,3,X'0000000000000000CAA710CFA92B79423A6F4B9AD47B35BE0FE75B832245580D0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',0,1790000000000,'udp','127.0.0.1:5001',X'382072616E646F6D','0.1.0 test',X'AF39A811F20685CD9236EE9A3F8A130E0AE328A54790D6087D88C5F1ECE238D8',1,X'');
INSERT INTO "node" VALUES(1,2,1,2,X'0000000000000000F879C6D6402B07FC5D5242AC4054A1B100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',0,1790000000000,'udp','127.0.0.1:5002',X'','',X'',0,X'');
CREATE TABLE outbox (
    destination TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES event (seq),
    household TEXT NOT NULL,
    lane INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    settled_at_ms INTEGER,
    PRIMARY KEY (destination, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO "outbox" VALUES('duty_room',1,'3-2-0501',2,1,1790000060000);
INSERT INTO "outbox" VALUES('duty_room',2,'3-2-0501',0,1,1790000060000);
INSERT INTO "outbox" VALUES('duty_room',3,'3-2-0501',2,1,1790000060000);
INSERT INTO "outbox" VALUES('duty_room',4,'3-2-0502',2,1,1790000060000);
INSERT INTO "outbox" VALUES('duty_room',5,'3-2-0502',2,0,NULL);
INSERT INTO "outbox" VALUES('duty_room',6,'3-2-0502',2,0,NULL);
INSERT INTO "outbox" VALUES('duty_room',7,'3-2-0502',2,0,NULL);
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
CREATE TABLE panel (
    household TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "panel" VALUES('3-2-0501','{"version":3,"stays":[[0,"off",0,[],[]]],"latched":["hold_up"],"settling":[[1,1,[[1790000000000,1000.0,""],60]]],"sounding":["hold_up",[[1790000000000,1000.0,""],180]],"pressed":[[[1,1,1],1790000000000]]}');
INSERT INTO "panel" VALUES('3-2-0502','{"version":3,"stays":[[0,"off",0,[],[]],[1790000000000,"away",60,[],[]]],"phase":"guard"}');
CREATE TABLE record (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    kind TEXT NOT NULL,
    household TEXT
) STRICT;
CREATE TABLE schedule (
    household TEXT NOT NULL,
    number INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (household, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE walk_test (
    household TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX event_once ON event (network, node, epoch, first_counter) WHERE first_counter IS NOT NULL;
CREATE INDEX outbox_in_order ON outbox (destination, seq, household) WHERE state = 0;
CREATE INDEX outbox_of_household ON outbox (destination, household, seq) WHERE state = 0;
CREATE INDEX outbox_urgent ON outbox (destination, household, lane) WHERE state = 0 AND lane < 2;
CREATE INDEX command_waiting ON command (number) WHERE outcome IS NULL;
CREATE INDEX record_of_kind ON record (kind, household, seq);
CREATE INDEX own_command_waiting ON own_command (number) WHERE outcome IS NULL;
COMMIT;
PRAGMA user_version = 6;
