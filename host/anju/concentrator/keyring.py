"""The keyring: link keys, placements and downlink counter ceilings, in a file of their own (0600), not the journal's.

Storage holds only a *ceiling* a node: a start begins at the ceiling, and the next block is written and read back before
the first frame under it is sent. So no counter is used twice under one key, whenever the power goes (invariant I6).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from anju.concentrator.core.places import Address, Placement
from anju.ledger import Ledger, LedgerError
from anju.service.i18n import _
from anju.uplink.reports import Zone
from anju.wire.codec import Codec
from anju.wire.messages import Header
from anju.wire.seal import KEY_BYTES
from anju.wire.table import LinkClass

BLOCK = 1024
"""Counters reserved at a time: with 1,500 frames and 10 cold starts a day 11.5 writes a day (measured.md)."""

_MOST_NODES = 0xFFFF


class Link(NamedTuple):
    """A node's keys for one epoch. Secret: goes into its enrolment file and nowhere else."""

    address: Address
    epoch: int
    up: bytes
    down: bytes


@dataclass(slots=True)
class _Counter:
    """Downlink counter of one node: the last one used, and how far they are reserved on disk."""

    epoch: int
    used: int
    ceiling: int


class Keyring:
    """Owner of all link keys; `codec` opens and seals with them, nothing else ever sees one."""

    def __init__(self, ledger: Ledger) -> None:
        self.codec = Codec(receives=LinkClass.UP)
        self._ledger = ledger
        self._placements: dict[Address, Placement] = {}
        self._counters: dict[Address, _Counter] = {}

    @classmethod
    def open(cls, path: Path) -> Keyring:
        """Open or create the keyring; LedgerError says what is wrong and what to do."""
        keyring = cls(Ledger.open(path, files("anju.concentrator") / "schema" / "keyring"))
        keyring._load()
        return keyring

    async def close(self) -> None:
        """Close the file."""
        await self._ledger.close()

    @property
    def households(self) -> frozenset[str]:
        """Households in which a node is enrolled."""
        return frozenset(placement.household for placement in self._placements.values())

    def placement(self, address: Address) -> Placement | None:
        """Where an enrolled node hangs."""
        return self._placements.get(address)

    async def reserve(self, addresses: Iterable[Address]) -> None:
        """Reserve downlink counters for nodes with less than a quarter block left: written, read back, then used."""
        low = {
            address: counter
            for address in addresses
            if (counter := self._counters[address]).ceiling - counter.used < BLOCK // 4
        }
        if not low:
            return
        ceilings = {address: counter.ceiling + BLOCK for address, counter in low.items()}

        def raise_ceilings(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE link SET ceiling = ? WHERE network = ? AND node = ? AND epoch = ?",
                [(ceilings[address], *address, counter.epoch) for address, counter in low.items()],
            )

        await self._ledger.write(raise_ceilings)
        for address, counter in low.items():
            if self._stored_ceiling(address, counter.epoch) != ceilings[address]:
                raise LedgerError(
                    _("The keyring does not read back what was written to it."),
                    _("No frame was sent under a counter that is not reserved."),
                    _("Check the disk, then start the concentrator again."),
                )
            counter.ceiling = ceilings[address]

    def next_header(self, address: Address) -> Header:
        """Header of the next downlink frame, under a counter that was never used; LookupError if none is reserved."""
        counter = self._counters[address]
        if counter.used >= counter.ceiling:
            raise LookupError(f"no downlink counter is reserved for node {address.network}/{address.node}")
        counter.used += 1
        return Header.down(address.network, address.node, counter.epoch, counter.used)

    async def enrol(self, network: int, household: str, inputs: Sequence[Zone]) -> Link:
        """Make a node's keys and store them; node ids count up and are never given twice."""
        link = await self._ledger.write(lambda connection: _insert(connection, network, household, inputs))
        self._add(link, Placement(household, tuple(inputs)), ceiling=0)
        return link

    def _load(self) -> None:
        rows = self._ledger.read().execute(
            "SELECT network, node, epoch, up, down, household, inputs, ceiling FROM link ORDER BY epoch"
        )
        for network, node, epoch, up, down, household, inputs, ceiling in rows:
            zones = tuple(Zone.model_validate_json(json.dumps(zone)) for zone in json.loads(inputs))
            self._add(Link(Address(network, node), epoch, up, down), Placement(household, zones), ceiling=ceiling)

    def _add(self, link: Link, placement: Placement, *, ceiling: int) -> None:
        self.codec.learn(*link.address, link.epoch, up=link.up, down=link.down)
        self._placements[link.address] = placement
        self._counters[link.address] = _Counter(link.epoch, ceiling, ceiling)

    def _stored_ceiling(self, address: Address, epoch: int) -> int:
        row = self._ledger.read().execute(
            "SELECT ceiling FROM link WHERE network = ? AND node = ? AND epoch = ?", (*address, epoch)
        )
        return int(row.fetchone()[0])


def _insert(connection: sqlite3.Connection, network: int, household: str, inputs: Sequence[Zone]) -> Link:
    row = connection.execute("SELECT coalesce(max(node), 0) + 1 FROM link WHERE network = ?", (network,)).fetchone()
    if row[0] > _MOST_NODES:
        raise LedgerError(
            _("Network %(network)d has no node id left.") % {"network": network},
            _("Nothing was enrolled."),
            _("Give this building another network number in site.toml."),
        )
    link = Link(Address(network, row[0]), 1, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))
    connection.execute(
        "INSERT INTO link (network, node, epoch, up, down, household, inputs) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*link.address, link.epoch, link.up, link.down, household, json.dumps([zone.model_dump() for zone in inputs])),
    )
    return link
