"""What can be wrong with a database file, each case with its own next step."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from anju.service.errors import PassingError, ServiceError, is_of_the_disk
from anju.service.i18n import _

_FILE_FAULTS = frozenset(
    (
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    )
)


class LedgerError(ServiceError):
    """A database cannot be used, or did not commit; nothing of the failed transaction is in the file."""


class DiskError(LedgerError, PassingError):
    """The disk takes nothing now: it is full, read-only or failing. Whoever has something to say says it until it does."""


class DamagedError(LedgerError):
    """The file itself is wrong: it holds what nobody has written."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is wrong, rather than the disk below it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_of_the_file(error: BaseException) -> bool:
    """Whether an error is the file's or the disk's fault rather than that of one statement."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in _FILE_FAULTS


def not_opened(path: Path, error: OSError) -> LedgerError:
    """The folder or the file does not let us."""
    fault = DiskError if is_of_the_disk(error) else LedgerError
    return fault(
        _("%(path)s cannot be opened: %(reason)s.") % {"path": path, "reason": error.strerror or error},
        _("Nothing was written."),
        _("See that %(folder)s exists and that the user who runs Anju may read and write it, then start again.")
        % {"folder": path.parent},
    )


def not_a_ledger(path: Path, reason: object) -> DamagedError:
    """The file is damaged or is something else."""
    return DamagedError(
        _("%(path)s is damaged or is not a database: %(reason)s.") % {"path": path, "reason": reason},
        _("The file was left as it is."),
        _(
            "Move it, and the files beside it whose names begin like it, to a safe place for examination; then put the "
            "newest backup there, or start without one."
        ),
    )


def newer(path: Path, version: int, latest: int) -> LedgerError:
    """The file was written by a later release."""
    return LedgerError(
        _("%(path)s was written by a newer release of Anju (format %(version)d; this release knows up to %(latest)d).")
        % {"path": path, "version": version, "latest": latest},
        _("The file was left as it is."),
        _("Install the newer release again, then start."),
    )


def in_use(path: Path, pid: int | None) -> LedgerError:
    """Another process has the file."""
    who = _("another process") if pid is None else _("process %(pid)d") % {"pid": pid}
    return LedgerError(
        _("%(path)s is in use by %(who)s.") % {"path": path, "who": who},
        _("Nothing was written."),
        _("Stop that process first, then start again."),
    )


def not_migrated(path: Path, step: str, reason: object) -> LedgerError:
    """A step from an older format failed."""
    return LedgerError(
        _("%(path)s could not be brought to this release's format: step %(step)s failed: %(reason)s.")
        % {"path": path, "step": step, "reason": reason},
        _("The file is as it was before that step."),
        _("Install the previous release to go on working with it, and report this message."),
    )


def not_committed(path: Path, reason: object) -> DiskError:
    """The disk did not take a transaction."""
    return DiskError(
        _("%(path)s could not be written: %(reason)s.") % {"path": path, "reason": reason},
        _("Nothing of this transaction is in the file; what was written before is."),
        _("Look at the disk: is it full, read-only or failing?"),
    )


def no_log(path: Path, mode: str) -> LedgerError:
    """The file system cannot hold such a database, today or tomorrow."""
    return LedgerError(
        _("%(path)s cannot be used: this file system allows no write-ahead log, only %(mode)s.")
        % {"path": path, "mode": mode},
        _("Nothing was written."),
        _("Move the site to a disk of this machine, and start again."),
    )


def closed(path: Path) -> LedgerError:
    """Asked to write after the end."""
    return LedgerError(
        _("%(path)s is closed.") % {"path": path}, _("Nothing was written."), _("Start the service again.")
    )
