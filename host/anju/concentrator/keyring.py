"""The keyring: link keys, placements and downlink counter ceilings, in a file of their own (0600), not the journal's.

Storage holds only a *ceiling* a node: a start begins at the ceiling, and the next block is written and read back before
the first frame under it is sent. So no counter is used twice under one key, whenever the power goes (invariant I6). What another
PC begins with when it takes this one's place lies above `most`, the last one that is used here.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from anju.concentrator import keyring_rows as rows
from anju.concentrator.core.identity import MOST_COUNTER, HandedKeys
from anju.concentrator.core.pairing import state as pairing
from anju.concentrator.core.pairing.note import Note
from anju.concentrator.core.places import Address, Linked, LinkId, Placement
from anju.ledger import Ledger, LedgerError
from anju.ledger.head import JournalKey
from anju.service.i18n import _
from anju.uplink.reports import Zone
from anju.wire.codec import Codec
from anju.wire.messages import Header
from anju.wire.seal import KEY_BYTES
from anju.wire.table import LinkClass

BLOCK = 1024
"""Counters reserved at a time: with 1,500 frames and 10 cold starts a day 11.5 writes a day (measured.md)."""

_MOST_EPOCHS = 0xFF
_INSERT = """
    INSERT INTO link (network, node, epoch, up, down, household, inputs, device, public_key, person, paired_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_END = "UPDATE link SET ended = 1, up = x'', down = x'' WHERE network = ? AND node = ? AND epoch = ?"


class Link(NamedTuple):
    """A node's keys for one epoch. Secret: goes into its enrolment file and nowhere else."""

    address: Address
    epoch: int
    up: bytes
    down: bytes


@dataclass(slots=True)
class _Counter:
    """Downlink counter of one node: the last one used, how far they are reserved on disk, and where they end."""

    epoch: int
    used: int
    ceiling: int
    most: int


class Keyring:
    """Owner of all link keys; `codec` opens and seals with them, nothing else ever sees one."""

    def __init__(self, ledger: Ledger) -> None:
        self.codec = Codec(receives=LinkClass.UP)
        self._ledger = ledger
        self._links: dict[LinkId, Linked] = {}
        self._in_order: tuple[Linked, ...] | None = None
        """The same in order, once somebody has asked; it is asked for after every commit."""
        self._counters: dict[Address, _Counter] = {}
        """Of the link that counts at an address: a newer one has to be proved first."""
        self._households: dict[str, set[Address]] = {}

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
    def ledger(self) -> Ledger:
        """The file, for what else belongs into it."""
        return self._ledger

    @property
    def households(self) -> frozenset[str]:
        """Households in which a node is enrolled."""
        return frozenset(household for household, nodes in self._households.items() if nodes)

    @property
    def links(self) -> Sequence[Linked]:
        """All links in force, in the order of their addresses; two at one address until the newer one is proved. The same object
        until one is added or ends."""
        if self._in_order is None:
            self._in_order = tuple(self._links[key] for key in sorted(self._links))
        return self._in_order

    def placement(self, address: Address) -> Placement | None:
        """Where an enrolled node hangs."""
        counter = self._counters.get(address)
        return self._links[LinkId(address, counter.epoch)].placement if counter else None

    def nodes_of(self, household: str) -> list[Address]:
        """Nodes that hang in a household, in the order of their addresses."""
        return sorted(self._households.get(household, ()))

    def linked(self, address: Address, epoch: int) -> Linked | None:
        """A link in force: which device it is of, and by which public key that signs."""
        return self._links.get(LinkId(address, epoch))

    def counts(self, link: LinkId) -> bool:
        """Whether frames go down under this link's keys: of two at one address the older one's, until the newer is proved."""
        counter = self._counters.get(link.address)
        return counter is not None and counter.epoch == link.epoch

    def can_answer(self, address: Address) -> bool:
        """Whether a node is enrolled and has a downlink counter left."""
        counter = self._counters.get(address)
        return counter is not None and counter.used < counter.most

    def has_sent(self, address: Address, epoch: int, counter: int) -> bool:
        """Whether a downlink frame can be one of ours; False: somebody else has used this counter under the node's key."""
        known = self._counters.get(address)
        return known is None or known.epoch != epoch or counter <= known.used

    async def reserve(self, addresses: Iterable[Address]) -> None:
        """Reserve downlink counters for nodes with less than a quarter block left: written, read back, then used."""
        low = {
            address: counter
            for address in addresses
            if (counter := self._counters.get(address))
            and counter.ceiling - counter.used < BLOCK // 4
            and counter.ceiling < counter.most
        }
        if not low:
            return
        ceilings = {address: counter.ceiling + BLOCK for address, counter in low.items()}

        def raise_ceilings(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE link SET ceiling = min(?, most) WHERE network = ? AND node = ? AND epoch = ?",
                [(ceilings[address], *address, counter.epoch) for address, counter in low.items()],
            )

        await self._ledger.write(raise_ceilings)
        for address, counter in low.items():
            ceiling, most = self._stored(address, counter.epoch)
            if ceiling != min(ceilings[address], most):
                raise LedgerError(
                    _("The keyring does not read back what was written to it."),
                    _("No frame was sent under a counter that is not reserved."),
                    _("Check the disk, then start the concentrator again."),
                )
            counter.ceiling, counter.most = ceiling, most

    def next_header(self, address: Address) -> Header:
        """Header of the next downlink frame, under a counter that was never used; LookupError if none is reserved."""
        counter = self._counters[address]
        if counter.used >= counter.ceiling:
            raise LookupError(f"no downlink counter is reserved for node {address.network}/{address.node}")
        counter.used += 1
        return Header.down(address.network, address.node, counter.epoch, counter.used)

    async def enrol(self, network: int, household: str, inputs: Sequence[Zone]) -> Link:
        """Make a node's keys and store them; node ids count up and are never given twice."""
        placement = Placement(household, tuple(inputs))
        link = await self._ledger.write(lambda connection: _insert(connection, network, placement))
        self._add(Linked(LinkId(link.address, link.epoch), placement), link.up, link.down)
        return link

    def place(self, network: int, device: str, note: Note, taken: Collection[LinkId]) -> LinkId:
        """Address and epoch for a node that is paired: its own or its predecessor's where it hangs as before, else new ones.

        A place of before a restore is not given again: which epochs it had since the backup, nobody knows (R395). `taken`: what
        other pairings may become. LedgerError if there is no node id left.
        """
        read = self._ledger.read()
        first = rows.first_node(read, network)
        for link in self.links:
            is_its = link.id.address == note.former if note.former else link.device == device
            is_known = link.id.address.network == network and link.id.address.node >= first
            if is_its and is_known and link.placement == note.placement:
                used = read.execute("SELECT max(epoch) FROM link WHERE network = ? AND node = ?", link.id.address)
                epochs = [other.epoch for other in taken if other.address == link.id.address]
                epoch = max([used.fetchone()[0], *epochs]) + 1
                if epoch <= _MOST_EPOCHS:
                    return LinkId(link.id.address, epoch)
        promised = (other.address.node + 1 for other in taken if other.address.network == network)
        node = max([rows.next_node(read, network), *promised])
        return LinkId(Address(network, _checked(network, node)), 1)

    def promises(self) -> list[pairing.Record]:
        """Every promise that is kept."""
        kept = self._ledger.read().execute(f"SELECT {rows.PROMISE} FROM promise")  # noqa: S608  # names of columns
        return [pairing.Record(*row) for row in kept]

    async def carry_out(
        self, decision: pairing.Decision, over: Collection[LinkId], at_ms: int, notices: Sequence[str]
    ) -> None:
        """Store all that a decision asks for, with the links that end by it and the notices of it, or nothing of it."""
        made = decision.link

        def store(connection: sqlite3.Connection) -> None:
            for record in decision.save:
                rows.save_promise(connection, record)
            connection.executemany("DELETE FROM promise WHERE device = ? AND attempt = ?", decision.drop)
            if made is not None:
                connection.execute(_INSERT, _link_row(made, at_ms))
            _end(connection, over, notices)

        await self._ledger.write(store)
        if made is not None:
            note = Note.from_json(made.note)
            key = LinkId(made.address, made.epoch)
            link = Linked(key, note.placement, made.device, note.person, at_ms, made.public_key)
            self._add(link, made.up, made.down)
        self._forget(over)

    async def end(self, links: Collection[LinkId], notices: Sequence[str]) -> None:
        """End links and forget their keys."""
        await self._ledger.write(lambda connection: _end(connection, links, notices))
        self._forget(links)

    def notices(self) -> list[tuple[int, str]]:
        """What changed here and is not in the journal yet, by number."""
        return self._ledger.read().execute("SELECT number, facts FROM notice ORDER BY number").fetchall()

    async def told(self, number: int) -> None:
        """A notice is in the journal."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM notice WHERE number = ?", (number,))

        await self._ledger.write(delete)

    async def journal_key(self) -> JournalKey:
        """With what the journal is signed: made when it is first asked for."""
        return JournalKey(await self._ledger.write(rows.journal_key))

    async def hand_over(self) -> HandedKeys:
        """All that another keyring needs to take this one's place, and from now on no counter of that one's is used here."""
        handed = await self._ledger.write(rows.give)
        for address, counter in self._counters.items():
            counter.most = self._stored(address, counter.epoch)[1]
        return handed

    async def take_over(self, handed: HandedKeys, leap: int) -> None:
        """Become what was handed over, every ceiling higher by `leap`. For a new keyring."""
        await self._ledger.write(lambda connection: rows.take(connection, handed, leap, BLOCK))
        self._load()

    async def leap(self, by: int, most_used: int) -> None:
        """Go on as a copy of a keyring that has gone on itself: every ceiling leaps, and above all that another PC may use."""
        await self._ledger.write(lambda connection: rows.leap(connection, by, most_used, BLOCK))
        for address, counter in self._counters.items():
            counter.ceiling, counter.most = self._stored(address, counter.epoch)
            counter.used = counter.ceiling

    def _load(self) -> None:
        stored = self._ledger.read().execute(
            "SELECT network, node, epoch, up, down, household, inputs, ceiling, most, device, person, paired_at_ms, public_key"
            " FROM link WHERE NOT ended ORDER BY epoch"
        )
        for network, node, epoch, up, down, household, inputs, ceiling, most, *whose in stored:
            key = LinkId(Address(network, node), epoch)
            self._add(Linked(key, Placement(household, rows.zones_of(inputs)), *whose), up, down, ceiling, most)

    def _add(self, link: Linked, up: bytes, down: bytes, ceiling: int = 0, most: int = MOST_COUNTER) -> None:
        address, epoch = link.id
        self.codec.learn(*address, epoch, up=up, down=down)
        self._links[link.id] = link
        self._in_order = None
        self._households.setdefault(link.placement.household, set()).add(address)
        self._counters.setdefault(address, _Counter(epoch, ceiling, ceiling, most))

    def _forget(self, links: Collection[LinkId]) -> None:
        self._in_order = None
        for key in links:
            self.codec.forget(*key.address, key.epoch)
            if gone := self._links.pop(key, None):
                self._households[gone.placement.household].discard(key.address)
            counter = self._counters.get(key.address)
            if counter and counter.epoch == key.epoch:
                del self._counters[key.address]
        for (address, epoch), link in sorted(self._links.items()):
            self._households[link.placement.household].add(address)
            if address not in self._counters:
                ceiling, most = self._stored(address, epoch)
                self._counters[address] = _Counter(epoch, ceiling, ceiling, most)

    def _stored(self, address: Address, epoch: int) -> tuple[int, int]:
        """Ceiling and end of a link's counters, as they are on the disk."""
        found = self._ledger.read().execute(
            "SELECT ceiling, most FROM link WHERE network = ? AND node = ? AND epoch = ?", (*address, epoch)
        )
        ceiling, most = found.fetchone()
        return ceiling, most


def _insert(connection: sqlite3.Connection, network: int, placement: Placement) -> Link:
    address = Address(network, _checked(network, rows.next_node(connection, network)))
    link = Link(address, 1, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))
    connection.execute(_INSERT, (*address, link.epoch, link.up, link.down, *_placed(placement), "", b"", "", 0))
    return link


def _checked(network: int, node: int) -> int:
    if node <= rows.MOST_NODES:
        return node
    raise LedgerError(
        _("Network %(network)d has no node id left.") % {"network": network},
        _("Nothing was enrolled."),
        _("Give this building another network number in site.toml."),
    )


def _placed(placement: Placement) -> tuple[str, str]:
    return placement.household, json.dumps([zone.model_dump() for zone in placement.inputs])


def _link_row(made: pairing.Link, at_ms: int) -> tuple[object, ...]:
    note = Note.from_json(made.note)
    keys = (made.up, made.down)
    return (
        *made.address,
        made.epoch,
        *keys,
        *_placed(note.placement),
        made.device,
        made.public_key,
        note.person,
        at_ms,
    )


def _end(connection: sqlite3.Connection, links: Collection[LinkId], notices: Sequence[str]) -> None:
    connection.executemany(_END, [(*key.address, key.epoch) for key in links])
    connection.executemany("INSERT INTO notice (facts) VALUES (?)", [(facts,) for facts in notices])
