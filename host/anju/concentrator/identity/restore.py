"""From a backup to a new site; whole or not at all.

The one that was backed up may have gone on since. So every downlink counter leaps, the journal gets another name, and what was
owed at the time of the backup is owed again: a duty room that has had it since knows it by its number and hash.
"""

from __future__ import annotations

import asyncio
import io
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from anju.concentrator.core.places import LinkId
from anju.concentrator.core.ports import Clock
from anju.concentrator.destinations import duty_room
from anju.concentrator.identity import adopt, seal
from anju.concentrator.identity.backup import AUTHORITY, AUTHORITY_KEY, DATABASES, FILES, MADE_AT
from anju.concentrator.journal import Journal
from anju.concentrator.journal_audit import verify
from anju.concentrator.keyring import Keyring
from anju.concentrator.keyring_rows import LEAP
from anju.ledger import journal_key
from anju.ledger.errors import is_damage, is_of_the_file
from anju.service import private_file, settings
from anju.service.certs import places
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import Lane, ReportKind

_MOST_BYTES = 2 << 30


class Restored(NamedTuple):
    """The new site, when its backup was made, how many rows are owed, the faults of its journal, nodes to be paired anew, and
    files that it needs and no backup has."""

    folder: Path
    made_at_ms: int
    owed: int
    faults: int
    spent: list[LinkId]
    missing: list[str]


def restore(file: Path, folder: Path, ask: Callable[[], str], person: str, clock: Clock) -> Restored:
    """Make a site in a new or empty folder of a backup, under the passphrase that `ask()` gives.

    ServiceError: nothing was made, and why.
    """
    place = folder.resolve()
    nothing = _("Nothing was restored.")
    adopt.check_empty(place, nothing)
    content = _opened(file, ask)
    settings.parse(content[settings.FILE_NAME], file)
    try:
        with adopt.beside(place, nothing) as stage:
            made = asyncio.run(_furnish(stage, content, person, clock))
    except OSError as error:
        raise adopt.not_made(place, error.strerror or error, nothing) from error
    return made._replace(folder=place)


def _opened(file: Path, ask: Callable[[], str]) -> dict[str, bytes]:
    sealed = seal.opened(file, ask, _("Nothing was restored."), seal.BACKUP)
    try:
        with zipfile.ZipFile(io.BytesIO(sealed)) as archive:
            names = archive.namelist()
            is_known = len(names) == len(set(names)) and set(names) <= {MADE_AT, *FILES, *DATABASES}
            if not is_known or sum(one.file_size for one in archive.infolist()) > _MOST_BYTES:
                raise ValueError
            content = {name: archive.read(name) for name in names}
        int(content[MADE_AT])
        if not {settings.FILE_NAME, *DATABASES[:2]} <= content.keys():
            raise ValueError
    except (zipfile.BadZipFile, ValueError, KeyError, NotImplementedError):
        raise ServiceError(
            _("What is in %(file)s is no backup of a site.") % {"file": file},
            _("Nothing was restored."),
            _("Name another backup, or make one with this release of Anju."),
        ) from None
    return content


async def _furnish(stage: Path, content: dict[str, bytes], person: str, clock: Clock) -> Restored:
    for name, raw in content.items():
        if name != MADE_AT:
            (stage / name).parent.mkdir(mode=0o700, exist_ok=True)
            private_file.create(stage / name, raw)
    site, made_at_ms = settings.load(stage), int(content[MADE_AT])
    if site.dutyroom_db.exists():
        _leap_commands(site.dutyroom_db, clock().wall_ms // 1000)
    keyring = Keyring.open(site.keyring)
    try:
        await keyring.leap(adopt.leap_since(made_at_ms, clock), LEAP + adopt.MOST_AGE_S)
        spent = [link.id for link in keyring.links if not keyring.can_answer(link.id.address)]
        key = await keyring.journal_key()
    finally:
        await keyring.close()
    journal_key.save_public(stage, key.public)
    journal = await Journal.open(site.journal, clock, (duty_room.NAME,), key)
    try:
        faults = len(verify(site.journal, key.public).faults)
        await journal.rename()
        owed = journal.totals()["outbox"]
        async with journal.change() as draft:
            draft.record(ReportKind.BACKUP_RESTORED, Lane.ROUTINE, person=person)
            adopt.end_tests(draft, list(journal.building.panels), person)
    finally:
        await journal.close()
    missing = [places.FILE] if site.dutyroom.uplink or site.dutyroom.url else []
    missing += [AUTHORITY_KEY] if AUTHORITY in content else []
    return Restored(stage, made_at_ms, owed, faults, spent, missing)


def _leap_commands(path: Path, now_s: int) -> None:
    """Have a duty room's commands go on from a time in Unix seconds.

    Their numbers began with such a time and have counted up since, so none that was given after the backup lies above it.
    Concentrators on other PCs remember those, and would take no lower one.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.execute("UPDATE first_command SET number = max(number, ?)", (now_s,))
    except sqlite3.Error as error:
        if is_of_the_file(error) and not is_damage(error):
            raise OSError(str(error)) from error
        # A duty room that finds no such table, or damage, makes a new file, whose numbers begin with the time.
