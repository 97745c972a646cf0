-- How far the wall clock was from the monotonic one (ms) in which start of the machine, so that a clock that is set while nothing
-- runs here is noticed as well.
CREATE TABLE clock (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    boot TEXT NOT NULL,
    offset_ms INTEGER NOT NULL
) STRICT;
