"""Concentrators whose identity goes from folder to folder: real keyrings and journals, no sealing unless a test asks for it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from anju.concentrator.core.identity import Identity
from anju.concentrator.identity import adopt, seal
from anju.concentrator.identity.export import gather
from anju.service import settings
from anju.service.settings import Site
from anju.uplink.canonical import canonical
from anju.uplink.reports import Report
from anju.wire.table import Code
from unit.concentrator.harness import Bench, FarNode, HandClock, bench
from unit.concentrator.pairing_kit import Estate
from unit.concentrator.site import start

PASSPHRASE = "correct horse battery staple"
PERSON = "li"


def ask() -> str:
    """Somebody types it."""
    return PASSPHRASE


async def exported(site: Site, rooms: Bench) -> Identity:
    """The identity of a concentrator that runs."""
    return await gather(site, rooms.keyring, rooms.journal, PERSON, rooms.clock)


async def a_life(site: Site, clock: HandClock) -> tuple[FarNode, list[bytes], Identity]:
    """A concentrator with a node that was heard, what the node said, and its identity."""
    async with bench(site.folder, clock) as rooms:
        node = await rooms.enrol()
        said = [node.hello(), node.press(), node.event(Code.OPENED, levels=1)]
        await rooms.receive(node, *said)
        return node, said, await exported(site, rooms)


def written(identity: Identity, file: Path) -> Path:
    """Sealed into a file."""
    file.write_bytes(seal.seal(canonical(identity), PASSPHRASE))
    return file


async def adopted(identity: Identity, folder: Path, clock: HandClock) -> Site:
    """A new site of an identity, by way of a file. As the command line calls it: outside of any loop."""
    file = written(identity, folder.with_suffix(".anju"))
    await asyncio.to_thread(adopt.adopt, file, folder, ask, PERSON, clock)
    return settings.load(folder)


class NextPc(Estate):
    """A site that exists, on the same port as the one before, and its concentrator as a process."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.process = start(site)
        self.wait_until_up()


def rows(database: Path, table: str) -> list[dict[str, object]]:
    """What lies in a table on the disk."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as read:
        read.row_factory = sqlite3.Row
        return [dict(row) for row in read.execute(f"SELECT * FROM {table}")]


def reports(site: Site) -> list[Report]:
    """All that is journalled."""
    return [Report.model_validate_json(str(row["report"])) for row in rows(site.journal, "event")]


def everything(folder: Path) -> dict[str, bytes]:
    """Each file below a folder, to see that none has changed."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
