"""Out: all that a concentrator is, as of one moment, sealed into a file. Recorded in its journal before the file is there.

A concentrator that runs is asked over its control socket and goes on; one that does not is read from its folder. Either way its
counters end from then on where those of the next PC may begin.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from anju.concentrator import control
from anju.concentrator.core.identity import HandedEntry, HandedNode, HandedPanel, Identity
from anju.concentrator.core.panel import stored
from anju.concentrator.core.ports import Clock
from anju.concentrator.destinations import duty_room
from anju.concentrator.identity import seal
from anju.concentrator.journal import Journal
from anju.concentrator.keyring import Keyring
from anju.concentrator.pairing.room import Pairing
from anju.service import private_file, root_key, settings, site_plan
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.settings import Site
from anju.uplink.canonical import canonical
from anju.uplink.reports import Lane, ReportKind

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
_log = structlog.get_logger()


def export(site: Site, out: Path, ask: Callable[[], str], clock: Clock) -> Identity:
    """Write a site's identity to a new file (0600), under the passphrase that `ask()` gives; ServiceError: there is no file."""
    if out.exists() or out.is_symlink():
        raise ServiceError(
            _("%(file)s exists already.") % {"file": out},
            _("It was left as it is, and nothing was exported."),
            _("Choose another file with --out."),
        )
    if not os.access(out.absolute().parent, os.W_OK):
        raise _not_written(out, os.strerror(errno.EACCES), _("Nothing was exported."))
    if not site.keyring.exists():
        raise ServiceError(
            _("This site has no keyring: %(file)s is missing.") % {"file": site.keyring},
            _("Nothing was exported."),
            _("Bring back the keyring; a site that never had a node has nothing to export."),
        )
    passphrase = ask()
    seal.check_passphrase(passphrase)
    identity = _gathered(site, clock)
    try:
        private_file.create(out, seal.seal(canonical(identity), passphrase))
    except OSError as error:
        told = _("There is no file; the journal says that the keys were asked for.")
        raise _not_written(out, error.strerror or error, told) from error
    return identity


def _not_written(out: Path, reason: object, unchanged: str) -> ServiceError:
    return ServiceError(
        _("%(file)s cannot be written: %(reason)s.") % {"file": out, "reason": reason},
        unchanged,
        _("Name a file in a folder that you may write to, with room on its disk, and type the command again."),
    )


def handler(site: Site, keyring: Keyring, journal: Journal, pairing: Pairing, clock: Clock) -> Handler:
    """Answers a request for the identity of a concentrator that runs."""

    async def answer(_request: dict[str, Any], person: str) -> dict[str, Any]:
        async with pairing.lock:
            if pairing.pairings.until_s:
                raise ServiceError(
                    _("A node is just being paired."),
                    _("Nothing was exported."),
                    _("Within a minute that has ended; type the command again then."),
                )
            identity = await gather(site, keyring, journal, person, clock)
        _log.info("identity exported", person=person)
        return {"identity": await asyncio.to_thread(lambda: canonical(identity).decode())}

    return answer


async def gather(site: Site, keyring: Keyring, journal: Journal, person: str, clock: Clock) -> Identity:
    """The identity as of now; nothing that a node says is committed meanwhile. LedgerError: not recorded, so not exported."""
    text, plan, key = await asyncio.to_thread(_of_the_folder, site)
    async with journal.change() as draft:
        building = journal.building
        keys = await keyring.hand_over()
        known = {link.id.address for link in keys.links}
        identity = Identity(
            exported_at_ms=clock().wall_ms,
            journal_id=journal.journal_id,
            keyring=keys,
            nodes=tuple(HandedNode.of(*node) for node in sorted(building.nodes.items()) if node[0] in known),
            panels=tuple(
                HandedPanel(household=household, state=stored.to_json(state))
                for household, state in sorted(building.panels.items())
            ),
            person=person,
            plan=plan,
            root_key=key,
            schedule=tuple(
                HandedEntry(entry=entry.to_json(), household=household)
                for household, entries in sorted(building.schedules.items())
                for entry in entries
            )
            or None,
            settings=text,
        )
        draft.record(ReportKind.IDENTITY_EXPORTED, Lane.ROUTINE, person=person)
    return identity


def _of_the_folder(site: Site) -> tuple[str, Any, str | None]:
    """Settings, plan and the root key's public half; a site from before has none."""
    has_key = (site.folder / root_key.PUBLIC).exists()
    key = root_key.load_public(site.folder).hex() if has_key else None
    return settings.text(site), site_plan.load(site.folder), key


def _gathered(site: Site, clock: Clock) -> Identity:
    try:
        answer = control.ask(site.control_socket, do="export_identity")
    except control.NotRunningError:
        return asyncio.run(_offline(site, clock))
    return Identity.model_validate_json(answer["identity"])


async def _offline(site: Site, clock: Clock) -> Identity:
    keyring = Keyring.open(site.keyring)
    try:
        journal = await Journal.open(site.journal, clock, (duty_room.NAME,), await keyring.journal_key())
        try:
            return await gather(site, keyring, journal, control.person_of(os.getuid()), clock)
        finally:
            await journal.close()
    finally:
        await keyring.close()
