BEGIN TRANSACTION;
CREATE TABLE code (
    household TEXT NOT NULL,
    person TEXT NOT NULL,
    is_duress INTEGER NOT NULL,
    salt BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (household, person, is_duress)
) STRICT, WITHOUT ROWID;
CREATE TABLE keypad (
    network INTEGER NOT NULL,
    node INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    is_exposed INTEGER NOT NULL DEFAULT 0,
    has_digits INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (network, node, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE link (
    network INTEGER NOT NULL,
    node INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    up BLOB NOT NULL,
    down BLOB NOT NULL,
    household TEXT NOT NULL,
    inputs TEXT NOT NULL,
    ceiling INTEGER NOT NULL DEFAULT 0, device TEXT NOT NULL DEFAULT '', public_key BLOB NOT NULL DEFAULT x'', person TEXT NOT NULL DEFAULT '', paired_at_ms INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0, most INTEGER NOT NULL DEFAULT 4294967295,
    PRIMARY KEY (network, node, epoch)
) STRICT, WITHOUT ROWID;
INSERT INTO "link" VALUES(1,1,1,X'30307EF9702BA74ADA057B8CD3EEBDC1',X'71E4F888BA88118861937148864BF81D','3-2-0501','[{"kind": "entry", "name": "front-door", "number": 0}, {"kind": "hold_up", "name": "bedside", "number": 1}, {"kind": "tamper", "name": "case", "number": 2}]',1024,'6HTGZ65XB7YFS',X'8A88E3DD7409F195FD52DB2D3CBA5D72CA6709BF1D94121BF3748801B40F6F5C','Wang Wei',1790000000000,0,4294967295);
INSERT INTO "link" VALUES(1,2,1,X'C6C24BF82BE92F858953C189FE4E63F6',X'D7E45C45349496BB683B4D6F60C96C33','3-2-0502','[{"kind": "entry", "name": "front-door", "number": 0}, {"kind": "hold_up", "name": "bedside", "number": 1}, {"kind": "tamper", "name": "case", "number": 2}]',1024,'',X'','',0,0,4294967295);
CREATE TABLE notice (
    number INTEGER PRIMARY KEY,
    facts TEXT NOT NULL
) STRICT;
CREATE TABLE promise (
    device TEXT NOT NULL,
    attempt BLOB NOT NULL,
    stage TEXT NOT NULL,
    public_key BLOB NOT NULL,
    note TEXT NOT NULL,
    clear BLOB NOT NULL,
    granted BLOB NOT NULL,
    digest BLOB NOT NULL,
    down BLOB NOT NULL,
    up BLOB NOT NULL,
    PRIMARY KEY (device, attempt)
) STRICT, WITHOUT ROWID;
COMMIT;
PRAGMA user_version = 4;
