"""What main.py starts. It is in here, and not in main.py, because an update replaces what is in here alone."""

from anju.node import front

front.hold(61440)  # what stays takes 60 KB; held until the role has made it, and releases the front

import board  # noqa: E402, I001 - see above; it is first because its modules are the ones that stay
from anju.role.forget import TRIAL, forget  # noqa: E402 - the same

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from anju.role.trial import Trial


def run() -> None:
    """Be the node that this board is."""
    trials, markings = _trials()
    board.ROLE.run(board, trials, markings)


def _trials() -> "tuple[list[Trial], tuple[str, ...]]":
    """The trial that this image is on, its self-test passed, or none; and what a HELLO must say of it.

    In a list, from which the role takes it: what waits here for ever must not hold it, and 8 KB of modules with it.
    """
    from anju.role.trial import Trial
    from anju.update.slots import Slots

    slots = Slots()
    markings = slots.markings()
    if slots.is_trial():
        trial = Trial(slots)
        trial.begin(board)
        return [trial], markings
    forget(*TRIAL)
    return [], markings
