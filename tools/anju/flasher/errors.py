"""What can go wrong at the bench, each with a number that a technician can say over the telephone.

    ServiceError
    └── BenchError          `trouble` is one of the table below; `status` the exit code it stands for

The table in tools/README.md has the same numbers and what to do about them.
"""

from __future__ import annotations

from enum import Enum

from anju.service.errors import ServiceError
from anju.service.i18n import _

FAILED, PARTLY, NO_DEVICE, TIMED_OUT = 1, 3, 4, 5


class Trouble(Enum):
    """Number, exit code if nothing else happened, and a name for programs."""

    NO_PERMISSION = "E10", FAILED
    IN_USE = "E11", FAILED
    SILENT = "E12", TIMED_OUT
    STOPPED_ANSWERING = "E13", TIMED_OUT
    UNPLUGGED = "E14", FAILED
    NO_BUNDLE = "E15", FAILED
    NOT_UNDERSTOOD = "E16", FAILED
    WHICH_BOARD = "E17", FAILED
    WRONG_BOARD = "E18", FAILED
    WRONG_BYTECODE = "E19", FAILED
    NOT_SIGNED = "E20", FAILED
    OLDER = "E21", FAILED
    FULL = "E22", FAILED
    READ_BACK = "E23", FAILED
    ON_TRIAL = "E24", FAILED
    REFUSED = "E25", FAILED
    NOT_STARTED = "E26", FAILED
    SELF_TEST = "E27", FAILED
    NOT_THERE = "E28", NO_DEVICE
    OURS = "E29", FAILED

    @property
    def code(self) -> str:
        """Such as E12."""
        return self.value[0]

    @property
    def status(self) -> int:
        """Exit code of a command that met this and nothing else."""
        return self.value[1]


class BenchError(ServiceError):
    """Something at the bench did not go as it should; what it says has no number yet, `str()` and `what` show it."""

    def __init__(self, trouble: Trouble, what: str, unchanged: str, next_step: str) -> None:
        super().__init__(f"{what} ({trouble.code})", unchanged, next_step)
        self.trouble = trouble
        self.status = trouble.status


def nothing_changed() -> str:
    """The sentence for whatever happened before anything was written."""
    return _("Nothing was changed on the board.")


def still_runs_old() -> str:
    """The sentence for whatever happened while the idle slot was being filled."""
    return _("The firmware that was running before is unchanged, and runs again.")
