-- Boards that this bench has met. What is not known of one is empty, or 0.
CREATE TABLE board (
    unique_id TEXT PRIMARY KEY, -- machine.unique_id(), hexadecimal
    device TEXT NOT NULL,       -- D-7K3MQ, made of it
    board TEXT NOT NULL DEFAULT '',       -- folder of boards/ that its bundle is for
    machine TEXT NOT NULL DEFAULT '',     -- what MicroPython calls the hardware
    micropython TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',     -- of the bundle that runs
    number INTEGER NOT NULL DEFAULT 0,
    slot TEXT NOT NULL DEFAULT '',
    usb_serial TEXT NOT NULL DEFAULT '',
    port TEXT NOT NULL,                   -- where it was seen last
    first_seen TEXT NOT NULL,             -- UTC, ISO 8601
    last_seen TEXT NOT NULL,
    flashed TEXT NOT NULL DEFAULT '',
    self_test TEXT NOT NULL DEFAULT ''    -- 'ok', or what failed
) STRICT;

-- The last `anju flash`, for --failed.
CREATE TABLE run (options TEXT NOT NULL) STRICT;
CREATE TABLE failed (selector TEXT NOT NULL) STRICT;
