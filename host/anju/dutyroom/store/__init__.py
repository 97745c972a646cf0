"""The duty room's memory: reports, what became of them, and what people did. One SQLite file, one writer.

intake     a batch in, a receipt out            log      append-only, hash-chained
handling   what people do, and their commands   people   names and sessions
orders     what people ask of a panel           troubles what is wrong, and what still is
views      what is read
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from anju.dutyroom.core.change import Change, Story, What
from anju.dutyroom.core.incident import Incident, Reason
from anju.dutyroom.core.on_test import OnTest
from anju.dutyroom.core.request import Arrival, Handling, Order, Ordered, Person
from anju.dutyroom.store import commands, handling, intake, log, orders, people, troubles, views
from anju.dutyroom.store.log import ChainBroken, Entry
from anju.dutyroom.store.views import reports_held
from anju.ledger import Ledger
from anju.uplink.commands import EstateCommand
from anju.uplink.receipts import Receipt
from anju.uplink.reports import Batch

__all__ = ["ChainBroken", "Store", "reports_held"]

T = TypeVar("T")


class Store:
    """What is written returns after its commit; what is read is committed. LedgerError where the file can't be used."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open or create the duty room's file."""
        return cls(Ledger.open(path, files(__name__) / "schema"))

    async def close(self) -> None:
        """Finish what waits and let go of the file."""
        await self._ledger.close()

    async def receive(self, batch: Batch, now_ms: int) -> Receipt:
        """Commit a batch whose hashes were checked, with all that follows from it."""
        return await self._write(lambda connection: intake.receive(connection, batch, now_ms))

    async def handle(self, request: Handling) -> Change | Reason:
        """Commit what a person does: the change, or the reason why there is none. NoSuchIncident, KeyReused."""
        return await self._write(lambda connection: handling.handle(connection, request))

    async def order(self, order: Order) -> Ordered | Reason:
        """Commit what somebody asks of a household's panel, or the reason why it is not. NoSuchHousehold, KeyReused."""
        return await self._write(lambda connection: orders.give(connection, order))

    def ordered(self, number: int) -> Ordered | None:
        """What has become of a command; None if there is none with this number."""
        return orders.ordered(self._read(), number)

    async def sit_down(self, arrival: Arrival, now_ms: int) -> Person:
        """Commit that somebody sits at the desk now."""
        return await self._write(lambda connection: people.sit_down(connection, arrival, now_ms))

    async def note_link(self, what: What, concentrator: str, now_ms: int) -> None:
        """Commit that a concentrator's link was lost or came back."""
        entry = Entry(now_ms, what, detail={"concentrator": concentrator})
        await self._write(lambda connection: log.append(connection, entry))

    def newest(self) -> int:
        """The number of the newest change."""
        return log.newest(self._read())

    def changes_after(self, number: int, most: int) -> list[Change]:
        """Up to `most` changes after a number, in order."""
        return log.after(self._read(), number, most)

    def open_incidents(self) -> dict[int, Incident]:
        """Every incident that is not closed, by its number."""
        return views.open_incidents(self._read())

    def story(self, incident_id: int) -> Story | None:
        """All that is known of one incident."""
        return views.story(self._read(), incident_id)

    def on_test(self, now_ms: int) -> list[OnTest]:
        """The households that are on TEST, by their names."""
        return views.on_test(self._read(), now_ms)

    def closings_since(self, at_ms: int, most: int) -> list[Change]:
        """The newest closings since a time, newest first."""
        return log.closings_since(self._read(), at_ms, most)

    def troubles_since(self, at_ms: int, most: int) -> list[Change]:
        """The newest troubles since a time, and before them what still stands; newest first."""
        return troubles.since(self._read(), at_ms, most)

    def commands_after(self, journal_id: str, number: int) -> tuple[EstateCommand, ...]:
        """A journal's commands above a number, in order."""
        return commands.after(self._read(), journal_id, number)

    def concentrators(self) -> dict[str, str]:
        """{concentrator: its newest journal}."""
        return views.concentrators(self._read())

    def at_desk(self, token: str, now_ms: int) -> Person | None:
        """Who sits at the browser with this token."""
        return people.at_desk(self._read(), token, now_ms)

    def names(self) -> dict[int, str]:
        """Everybody's name by number."""
        return people.names(self._read())

    def verify(self) -> int:
        """Walk the log's chain: the number of its rows, or ChainBroken."""
        return log.verify(self._read())

    def _read(self) -> sqlite3.Connection:
        return _named(self._ledger.read())

    async def _write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await self._ledger.write(lambda connection: job(_named(connection)))


def _named(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    return connection
