"""The firmware's version, as a HELLO tells it."""

VERSION = (0, 1, 1)
