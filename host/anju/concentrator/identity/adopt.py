"""In: a new site that is the concentrator of an exported identity; whole or not at all.

It is made beside its place and brought to the disk, then takes its place by one rename. Its journal is a new one, and every
downlink counter leaps over all that the PC before may still use.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from anju.concentrator.core.draft import Draft
from anju.concentrator.core.identity import HandedLink, Identity
from anju.concentrator.core.panel import stored
from anju.concentrator.core.panel.schedule import Scheduled
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.core.places import Address
from anju.concentrator.core.ports import Clock
from anju.concentrator.destinations import duty_room
from anju.concentrator.identity import seal
from anju.concentrator.journal import Journal
from anju.concentrator.keyring import Keyring
from anju.concentrator.keyring_rows import LEAP
from anju.service import private_file, root_key, settings, site_plan
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import Lane, ReportKind

MOST_AGE_S = 10 * 365 * 86_400
"""What of a file's age counts, whatever this PC's clock says."""


class Adopted(NamedTuple):
    """The new site, what it is made of, and the nodes that can be heard but no longer answered: they need to be paired anew."""

    folder: Path
    identity: Identity
    spent: list[HandedLink]


def adopt(file: Path, folder: Path, ask: Callable[[], str], person: str, clock: Clock) -> Adopted:
    """Make a site in a new or empty folder of an exported identity, under the passphrase that `ask()` gives.

    ServiceError: nothing was made, and why.
    """
    place = folder.resolve()
    nothing = _("Nothing was imported.")
    check_empty(place, nothing)
    identity = _opened(file, ask)
    settings.parse(identity.settings.encode(), file)
    try:
        with beside(place, nothing) as stage:
            spent = asyncio.run(_furnish(stage, identity, person, clock))
    except OSError as error:
        raise not_made(place, error.strerror or error, nothing) from error
    return Adopted(place, identity, [link for link in identity.in_force if link.id.address in spent])


def leap_since(exported_at_ms: int, clock: Clock) -> int:
    """By how much counters leap: over all that the PC before may use, and one more for each second since the export.

    So whoever takes over from the same file later does not begin where the one before has begun: a node is told something far
    less often than once a second.
    """
    age_s = (clock().wall_ms - exported_at_ms) // 1000
    return LEAP + min(max(age_s, 0), MOST_AGE_S)


def not_made(place: Path, reason: object, nothing: str) -> ServiceError:
    """The folder cannot be made; `nothing`: what was not done."""
    return ServiceError(
        _("%(path)s cannot be made: %(reason)s.") % {"path": place, "reason": reason},
        nothing,
        _("Choose a folder that you may write to, with room on its disk."),
    )


def check_empty(place: Path, nothing: str) -> None:
    """ServiceError unless a site may be made there; `nothing`: that it was not."""
    try:
        held = {path.name for path in place.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise ServiceError(
            _("%(path)s cannot be used: %(reason)s.") % {"path": place, "reason": error.strerror},
            nothing,
            _("Name a new folder with --site."),
        ) from error
    if held:
        what = (
            _("There is a site with a keyring in %(folder)s.")
            if "keyring.db" in held
            else _("%(folder)s is not empty.")
        )
        raise ServiceError(
            what % {"folder": place},
            nothing + " " + _("What is there was left as it is."),
            _("Name a new folder with --site; settings and plan come with the file."),
        )


def _opened(file: Path, ask: Callable[[], str]) -> Identity:
    content = seal.opened(file, ask, _("Nothing was imported."))
    try:
        return Identity.model_validate_json(content)
    except (ValidationError, RecursionError):
        # Without the reason: it would show what was read, keys and all.
        raise ServiceError(
            _("What is in %(file)s is no identity of a concentrator.") % {"file": file},
            _("Nothing was imported."),
            _("Export once more with this release of Anju."),
        ) from None


async def _furnish(stage: Path, identity: Identity, person: str, clock: Clock) -> set[Address]:
    """Make all files of the site; the nodes that have no counter left."""
    private_file.create(stage / settings.FILE_NAME, identity.settings.encode())
    if identity.root_key:
        root_key.save_public(stage, bytes.fromhex(identity.root_key))
    if identity.plan:
        site_plan.save(stage, identity.plan)
    site = settings.load(stage)
    keyring = Keyring.open(site.keyring)
    try:
        await keyring.take_over(identity.keyring, leap_since(identity.exported_at_ms, clock))
        key = await keyring.journal_key()
        spent = {link.id.address for link in keyring.links if not keyring.can_answer(link.id.address)}
    finally:
        await keyring.close()
    journal = await Journal.open(site.journal, clock, (duty_room.NAME,), key)
    try:
        async with journal.change() as draft:
            draft.nodes.update({node.address: node.state for node in identity.nodes})
            draft.panels.update(
                {panel.household: stored.from_json(panel.state, draft.moment) for panel in identity.panels}
            )
            for handed in identity.schedule or ():
                kept = draft.schedule(handed.household)
                draft.schedules[handed.household] = (*kept, Scheduled.from_json(handed.entry))
            draft.record(ReportKind.IDENTITY_IMPORTED, Lane.ROUTINE, person=person)
            end_tests(draft, [panel.household for panel in identity.panels], person)
    finally:
        await journal.close()
    return spent


def end_tests(draft: Draft, households: Iterable[str], person: str) -> None:
    """Nobody has put a household on TEST here: what was begun at another PC ends with it, and is reported.

    Former TESTs are forgotten as after a start of the machine: this one's clock may come by their times once more.
    """
    for household in households:
        if draft.look(household).test:
            draft.ask(household, PersonSignal(Action.TEST, person, lasts_s=0))
        draft.panels[household] = draft.panel(household).forgetting_tests()


@contextmanager
def beside(place: Path, nothing: str) -> Iterator[Path]:
    """A folder that takes the place when the block ends well, and is gone when it does not: then `nothing` was done."""
    stage = place.with_name(f".{place.name}.importing")
    held = _held(stage)
    try:
        for left in stage.iterdir():  # by an import that was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield stage
        except ServiceError as error:  # of a disk that is full
            raise not_made(place, error.what.rstrip("."), nothing) from error
        for file in stage.iterdir():
            if file.suffix == ".lock":
                file.unlink()
            else:
                _sync(file)
        private_file.sync_folder(stage)
        stage.rename(place)  # onto nothing, or an empty folder: anything else is an error
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    finally:
        os.close(held)
    try:
        private_file.sync_folder(place.parent)
    except OSError as error:
        raise ServiceError(
            _("%(folder)s is made, but its disk does not confirm that it keeps it: %(reason)s.")
            % {"folder": place, "reason": error.strerror},
            _("The site is whole as long as this PC has power."),
            _("Look at the disk before you start it."),
        ) from error


def _held(stage: Path) -> int:
    """A folder for nobody else's eyes, held by this import alone; its descriptor, to be closed."""
    stage.mkdir(mode=0o700, exist_ok=True)
    held = os.open(stage, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.fstat(held)
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise PermissionError(errno.EPERM, _("somebody else may look into %(folder)s") % {"folder": stage})
        if found.st_ino != stage.stat().st_ino:
            raise BlockingIOError
    except BlockingIOError:
        os.close(held)
        raise ServiceError(
            _("Another import is making %(folder)s.") % {"folder": stage},
            _("That goes on; nothing else was imported."),
            _("Wait until it has ended."),
        ) from None
    except BaseException:
        os.close(held)
        raise
    return held


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
