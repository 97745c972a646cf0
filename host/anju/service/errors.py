"""The error that ends as one clear message on somebody's screen, never as a traceback."""

from __future__ import annotations

import errno

EX_CONFIG = 78
"""sysexits.h: exit status of a service where something is wrong that a restart does not mend."""
EX_TEMPFAIL = 75
"""The same, where it may be over at a later start without anybody seeing to it."""

_OF_THE_DISK = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS))
"""EROFS too: Linux mounts a disk read-only after a fault, and whoever mounts it anew does not think of starting Anju."""


class ServiceError(Exception):
    """Says what happened, what was not changed by it, and what to do next; all three are sentences, already translated."""

    exit_code = EX_CONFIG
    """Of a service that cannot start or go on because of it."""

    def __init__(self, what: str, unchanged: str, next_step: str) -> None:
        super().__init__(what, unchanged, next_step)
        self.what = what
        self.unchanged = unchanged
        self.next_step = next_step

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.unchanged, self.next_step) if part)


class PassingError(ServiceError):
    """What may be over by itself, or by what somebody does elsewhere: a full disk, a port in use. It is worth another try."""

    exit_code = EX_TEMPFAIL


def is_of_the_disk(error: BaseException) -> bool:
    """Whether a disk is full or failing, rather than that a path or its rights are wrong."""
    return isinstance(error, OSError) and error.errno in _OF_THE_DISK


def of_os(error: OSError) -> type[ServiceError]:
    """As what a system's refusal is told: PassingError if it is the disk's."""
    return PassingError if is_of_the_disk(error) else ServiceError
