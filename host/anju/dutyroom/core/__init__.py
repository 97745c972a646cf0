"""What the duty room thinks: no clock, no I/O, no loop."""
