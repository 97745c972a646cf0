"""A backup: all files of a site as of one moment, beside its running services, sealed into one file under a passphrase.

First the keyring, then the journal, then the duty room's file: so each holds what the one before has told it, and what the
journal has a receipt for lies in the duty room's. No copy lies on a disk in clear.
"""

from __future__ import annotations

import asyncio
import errno
import io
import os
import sqlite3
import zipfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from anju.concentrator import control
from anju.concentrator.core.ports import Clock, Journal
from anju.concentrator.destinations import duty_room
from anju.concentrator.identity import seal
from anju.concentrator.journal import Journal as JournalFile
from anju.concentrator.keyring import Keyring
from anju.ledger.beside import reading
from anju.service import private_file, root_key, settings, site_plan
from anju.service.certs import places
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.settings import Site
from anju.uplink.reports import Lane, ReportKind

MADE_AT = "made_at_ms"
REVOKED, AUTHORITY = f"{places.FOLDER}/{places.REVOKED}", f"{places.FOLDER}/{places.CERTIFICATE}"
AUTHORITY_KEY = f"{places.FOLDER}/{places.KEY}"
FILES = (settings.FILE_NAME, site_plan.FILE_NAME, root_key.PUBLIC, REVOKED, AUTHORITY)
LEFT_OUT = (places.FILE, AUTHORITY_KEY)
"""Whoever steals a backup must not pass for other machines, and a restored PC is given a certificate of its own."""
DATABASES = ("keyring.db", "journal.db", "dutyroom.db")
"""In this order."""

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]


class Made(NamedTuple):
    """What is in a new backup, its size in bytes, and what is not in it."""

    files: tuple[str, ...]
    size: int
    left_out: tuple[str, ...]
    """Of `LEFT_OUT`, what the site has."""


def backup(site: Site, out: Path, ask: Callable[[], str], clock: Clock) -> Made:
    """Write a site's backup to a new file (0600), under the passphrase that `ask()` gives; ServiceError: there is no file."""
    if out.exists() or out.is_symlink():
        raise ServiceError(
            _("%(file)s exists already.") % {"file": out},
            _("It was left as it is, and no backup was made."),
            _("Name another file."),
        )
    if not os.access(out.absolute().parent, os.W_OK):
        raise _not_written(out, os.strerror(errno.EACCES))
    for name in DATABASES[:2]:
        if not (site.folder / name).exists():
            raise ServiceError(
                _("There is no file %(file)s.") % {"file": site.folder / name},
                _("No backup was made."),
                _("A site has it from its first start on: is this the right folder?"),
            )
    passphrase = ask()
    seal.check_passphrase(passphrase)
    _record(site, clock)
    content = _gathered(site, clock)
    sealed = seal.seal(content.getvalue(), passphrase, seal.BACKUP)
    if len(sealed) > seal.MOST_BYTES:
        raise ServiceError(
            _("The backup would have %(size)d MB; more than %(most)d MB cannot be restored.")
            % {"size": len(sealed) >> 20, "most": seal.MOST_BYTES >> 20},
            _("No backup was made."),
            _("Let the journal keep less: [retention] in %(file)s.") % {"file": site.folder / settings.FILE_NAME},
        )
    try:
        private_file.create(out, sealed)
    except OSError as error:
        raise _not_written(out, error.strerror or error) from error
    left_out = tuple(name for name in LEFT_OUT if (site.folder / name).exists())
    return Made(tuple(zipfile.ZipFile(content).namelist()), len(sealed), left_out)


def handler(journal: Journal) -> Handler:
    """Records that somebody makes a backup of a concentrator that runs."""

    async def answer(_request: dict[str, Any], person: str) -> dict[str, Any]:
        async with journal.change() as draft:
            draft.record(ReportKind.BACKUP_MADE, Lane.ROUTINE, person=person)
        return {}

    return answer


def _record(site: Site, clock: Clock) -> None:
    """Whoever has a backup can be the concentrator: that is journalled before there is one."""
    try:
        control.ask(site.control_socket, do="backup")
    except control.NotRunningError:
        asyncio.run(_record_offline(site, clock))


async def _record_offline(site: Site, clock: Clock) -> None:
    keyring = Keyring.open(site.keyring)
    try:
        journal = await JournalFile.open(site.journal, clock, (duty_room.NAME,), await keyring.journal_key())
        try:
            await handler(journal)({}, control.person_of(os.getuid()))
        finally:
            await journal.close()
    finally:
        await keyring.close()


def _gathered(site: Site, clock: Clock) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MADE_AT, str(clock().wall_ms))
        for name in FILES:
            if (site.folder / name).exists():
                archive.writestr(name, (site.folder / name).read_bytes())
        for name in DATABASES:
            if (site.folder / name).exists():
                archive.writestr(name, _image(site.folder / name))
    return content


def _image(path: Path) -> bytes:
    """A whole database as of now (SQLite's backup interface), in memory alone."""
    try:
        with reading(path) as source, closing(sqlite3.connect(":memory:")) as copy:
            source.backup(copy)
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            return copy.serialize()
    except sqlite3.Error as error:
        raise ServiceError(
            _("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error},
            _("No backup was made."),
            _("If it is damaged, start its service anew: that sets a damaged file aside. Keep the last backup."),
        ) from error


def _not_written(out: Path, reason: object) -> ServiceError:
    return ServiceError(
        _("%(file)s cannot be written: %(reason)s.") % {"file": out, "reason": reason},
        _("There is no backup."),
        _("Name a file in a folder that you may write to, with room on its disk, and type the command again."),
    )
