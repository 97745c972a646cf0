"""A slot on trial: confirmed once it has shown that it works, given up if it does not.

    unenrolled node    confirmed after the self-test
    enrolled node      after the self-test and the first answer of the concentrator to what this image has sealed

Giving up is an exception: main.py then resets, and the try stays counted, as it does if the program hangs.
"""

from anju.update.slots import Slots

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from anju.role.needs import AnyBoard

ANSWER_MS = 300000
"""So long an image may stay unanswered if there is another one to go back to: a concentrator restarts within that."""


class TrialError(Exception):
    """This image has not shown that it works."""


class Trial:
    """Of the slot that runs; nothing at all if it is confirmed, or if this is no slot."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._is_open = slots.is_trial()
        self._needs_answer = True

    def begin(self, board: "AnyBoard") -> None:
        """Test this image; TrialError with all that failed."""
        if self._is_open:
            # Here, because a confirmed image never needs it and its room is the events'.
            from anju.role import selftest

            faults = selftest.faults(board)
            if faults:
                raise TrialError("self-test: " + "; ".join(faults))
            self._needs_answer = board.store().holds_identity()

    def needs_ms(self, now: int) -> int:
        """How much longer the image must have, uninterrupted, to be confirmed."""
        return max(ANSWER_MS - now, 0) if self._is_open else 0

    def look(self, is_answered: bool, now: int) -> bool:
        """Confirm the image if this is the moment; whether the trial is over. TrialError if the moment has passed."""
        if not self._is_open:
            return True
        if is_answered or not self._needs_answer:
            self._slots.confirm()
            self._is_open = False
            print("confirmed slot", self._slots.running)
        elif now > ANSWER_MS and self._slots.can_fall_back():
            raise TrialError("nobody has answered for {} s".format(ANSWER_MS // 1000))
        return not self._is_open
