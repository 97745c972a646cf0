"""The duty room's memory: reports, what became of them, and what people did. One SQLite file, one writer.

intake     a batch in, a receipt out            log      append-only, hash-chained
handling   what people do, and their commands   people   names and sessions
orders     what people ask of a panel           troubles what is wrong, and what still is
panels     what other makers' panels say        records  all that is read, in one place
views      what is read
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Self, TypeVar

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.incident import Reason
from anju.dutyroom.core.own_trouble import Seen
from anju.dutyroom.core.panels import Message, Said
from anju.dutyroom.core.request import Arrival, Handling, Order, Ordered, Person
from anju.dutyroom.store import handling, intake, log, orders, panels, people, troubles
from anju.dutyroom.store.log import ChainBroken, Entry
from anju.dutyroom.store.records import Records, named
from anju.dutyroom.store.views import reports_held
from anju.ledger import Ledger
from anju.uplink.receipts import Receipt
from anju.uplink.reports import Batch

__all__ = ["ChainBroken", "Records", "Store", "reports_held"]

T = TypeVar("T")


class Store(Records):
    """What is written returns after its commit; what is read is committed. LedgerError where the file can't be used."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.read)
        self._ledger = ledger

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the duty room's file."""
        return cls(Ledger.open(path, files(__name__) / "schema"))

    async def close(self) -> None:
        """Finish what waits and let go of the file."""
        await self._ledger.close()

    def measure(self, took: Callable[[float], object]) -> None:
        """Have each commit's seconds told from now on, in another thread."""
        self._ledger.measure(took)

    async def breathe(self) -> None:
        """Return once its writer has gone round; LedgerError: it did, and the disk refuses."""
        await self._ledger.breathe()

    async def fill(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Commit what a file that was just made begins with."""
        return await self._write(job)

    async def receive(self, batch: Batch, now_ms: int) -> Receipt:
        """Commit a batch whose hashes were checked, with all that follows from it."""
        return await self._write(lambda connection: intake.receive(connection, batch, now_ms))

    async def take_message(self, message: Message, now_ms: int) -> bool:
        """Commit what another maker's panel says, with all that follows from it; False for what was committed before."""
        return await self._write(lambda connection: panels.take(connection, message, now_ms))

    async def tell_of_panel(self, household: str | None, said: Said, now_ms: int) -> None:
        """Commit what is seen of another maker's panel."""
        await self._write(lambda connection: panels.tell(connection, household, (said,), now_ms))

    async def handle(self, request: Handling) -> Change | Reason:
        """Commit what a person does: the change, or the reason why there is none. NoSuchIncident, KeyReused."""
        return await self._write(lambda connection: handling.handle(connection, request))

    async def order(self, order: Order) -> Ordered | Reason:
        """Commit what somebody asks of a household's panel, or the reason why it is not. NoSuchHousehold, KeyReused."""
        return await self._write(lambda connection: orders.give(connection, order))

    async def sit_down(self, arrival: Arrival, now_ms: int) -> Person:
        """Commit that somebody sits at the desk now."""
        return await self._write(lambda connection: people.sit_down(connection, arrival, now_ms))

    async def note_link(self, what: What, concentrator: str, now_ms: int) -> None:
        """Commit that a concentrator's link was lost or came back."""
        entry = Entry(now_ms, what, detail={"concentrator": concentrator})
        await self._write(lambda connection: log.append(connection, entry))

    async def note_own(self, seen: Seen, now_ms: int) -> None:
        """Commit a trouble that the duty room itself sees."""
        entry = Entry(now_ms, What.TROUBLE, origin=seen.origin or None, detail=seen.detail())
        await self._write(lambda connection: log.append(connection, entry))

    async def note_standing(self, machine: str, seen: Seen | None, now_ms: int) -> None:
        """Commit what the duty room itself sees that lasts, of one machine; None: nothing any more."""
        await self._write(lambda connection: troubles.own(connection, machine, seen, now_ms))

    async def _write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await self._ledger.write(lambda connection: job(named(connection)))
