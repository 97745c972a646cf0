"""What the concentrator decides, without I/O and without a clock of its own: time comes in as a `Moment`."""
