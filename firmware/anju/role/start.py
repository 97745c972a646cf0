"""What main.py starts. It is in here, and not in main.py, because an update replaces what is in here alone."""

import sys

import board

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from anju.role.trial import Trial


def run() -> None:
    """Be the node that this board is."""
    trial, markings = _trial()
    board.ROLE.run(board, trial, markings)


def _trial() -> "tuple[Trial | None, tuple[str, ...]]":
    """The trial that this image is on, its self-test passed, or None; and what a HELLO must say of it."""
    from anju.role.trial import Trial
    from anju.update.slots import Slots

    slots = Slots()
    markings = slots.markings()
    if slots.is_trial():
        trial = Trial(slots)
        trial.begin(board)
        return trial, markings
    # A confirmed image needs neither any more, and their 4 KB are the events'.
    _forget("anju.role.trial")
    _forget("anju.update.slots")
    return None, markings


def _forget(module: str) -> None:
    package, _, name = module.rpartition(".")
    del sys.modules[module]
    delattr(sys.modules[package], name)
