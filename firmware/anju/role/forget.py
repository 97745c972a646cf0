"""Lets go of modules that are not needed any more: their room is the events'."""

import sys

TRIAL = ("anju.role.trial", "anju.role.selftest", "anju.update.slots")
"""Of an image that is confirmed; their 5 KB are the events'."""


def forget(*starts: str) -> None:
    """Every module whose name begins with one of these; a later import loads it anew."""
    for name in list(sys.modules):
        if name.startswith(starts):
            package, _, last = name.rpartition(".")
            del sys.modules[name]
            delattr(sys.modules[package], last)
