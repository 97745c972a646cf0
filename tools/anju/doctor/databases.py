"""Keyring, journal and the duty room's file: whether they can be read and written, and are what was written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from anju.concentrator import journal_audit
from anju.doctor.finding import Command, Finding
from anju.doctor.visit import Visit
from anju.service.i18n import _, title

_ASIDE = "set-aside"
"""A folder of the site in which what was set aside, and looked into, may stay."""
_NOTHING: Callable[[sqlite3.Connection], object] = lambda _read: None  # noqa: E731  # a look that finds nothing


def check(visit: Visit) -> Iterator[Finding]:
    """What is wrong with each of the three."""
    site = visit.site
    of: list[tuple[Path, str, Callable[[sqlite3.Connection], object]]] = []
    if "concentrator" in visit.services:
        of += [(site.keyring, "concentrator", _NOTHING), (site.journal, "concentrator", journal_audit.tail_fault)]
    if "dutyroom" in visit.services:
        of.append((site.dutyroom_db, "dutyroom", _NOTHING))
    for path, service, look in of:
        if path.exists():
            visit.answers(service)  # one that is about to start may be mending its file at this moment
            finding = _unwritable(visit, path, service) or _faulty(visit, path, service, look)
            if finding is not None:
                yield finding


def set_aside(visit: Visit) -> Iterator[Finding]:
    """Damaged files that a start has set aside, until somebody has looked into them."""
    folder = visit.site.folder
    found = sorted(path for path in folder.glob("*.db.damaged-*") if not path.name.endswith(("-wal", "-shm")))
    if not found:
        return
    keep = folder / _ASIDE
    with_logs = [str(path) for path in sorted(folder.glob("*.db.damaged-*"))]
    verify: Command = ("anju", "verify", "journal", "--duty-room", "--site", str(folder))
    has_duty_room = "dutyroom" in visit.services
    yield Finding(
        _("A damaged file was set aside at a start; a new one, made of all that could be read, has taken its place."),
        ", ".join(path.name for path in found),
        _(
            "See what is missing, and look at the disk: files are not damaged by themselves (dmesg, smartctl). Then put it away: "
            "nothing needs it but whoever asks why."
        ),
        ((verify,) if has_duty_room else ())
        + (("mkdir", "-p", "-m", "700", str(keep)), ("mv", "-n", "-t", str(keep), *with_logs)),
    )


def _unwritable(visit: Visit, path: Path, service: str) -> Finding | None:
    if os.access(path, os.R_OK | os.W_OK) and path.stat().st_mode & 0o600 == 0o600:
        return None
    return Finding(
        _("%(file)s is read-only: the %(service)s can't write it, and acknowledges nothing.")
        % {"file": path, "service": title(service)},
        _("Its mode is %(mode)o, and this user may not do more with it.") % {"mode": path.stat().st_mode & 0o777},
        _("Give its user the right to write it, then start the services again."),
        (("chmod", "600", str(path)), *visit.start(service)),
    )


def _faulty(visit: Visit, path: Path, service: str, look: Callable[[sqlite3.Connection], object]) -> Finding | None:
    try:
        with visit.reading(path) as read:
            (reason,) = read.execute("PRAGMA quick_check(1)").fetchone()
            if reason == "ok":
                at = look(read)
                if at is None:
                    return None
                reason = _("row %(row)s is not what was written") % {"row": at}
    except sqlite3.OperationalError as error:
        return _unreadable(visit, path, service, error)
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:
        reason = str(error)
    reason = " ".join(str(reason).removeprefix("*** in database main ***").split())
    return Finding(
        _("%(file)s is damaged.") % {"file": path},
        _("SQLite's quick_check and the chain over its rows: %(reason)s") % {"reason": reason},
        _(
            "Start the %(service)s again: it sets the damaged file aside, whole, and goes on with all of it that can be read."
        )
        % {"service": title(service)},
        visit.start(service),
    )


def _unreadable(visit: Visit, path: Path, service: str, error: sqlite3.OperationalError) -> Finding:
    return Finding(
        _("%(file)s cannot be read now.") % {"file": path},
        _("SQLite says: %(reason)s") % {"reason": error},
        _("If it was written by a newer release, install that again. Else start the %(service)s, whose log says more.")
        % {"service": title(service)},
        visit.start(service),
    )
