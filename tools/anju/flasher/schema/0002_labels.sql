-- What stands on each board's label. The setup code is a secret: who has it and is near can pair in the board's place.
CREATE TABLE label (
    unique_id TEXT PRIMARY KEY, -- of the board
    device TEXT NOT NULL UNIQUE, -- 13 symbols, made of the public key
    public_key BLOB NOT NULL,   -- Ed25519
    code BLOB,                  -- 10 bytes; NULL where another bench has read it
    made TEXT NOT NULL,         -- UTC, ISO 8601
    printed TEXT NOT NULL DEFAULT ''
) STRICT;
