"""What is read of the duty room's file: committed rows only, by whoever holds a connection to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Self

from anju.dutyroom.core.change import Change, Story
from anju.dutyroom.core.incident import Incident
from anju.dutyroom.core.on_test import OnTest
from anju.dutyroom.core.own_trouble import Seen
from anju.dutyroom.core.request import Ordered, Person
from anju.dutyroom.store import commands, log, orders, panels, people, troubles, views
from anju.ledger.beside import reader
from anju.uplink.commands import EstateCommand


class Records:
    """The readings of one file."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """`connect` gives a connection that reads, for the thread that asks."""
        self._connect = connect

    @classmethod
    def beside(cls, path: Path) -> Self:
        """Of a file that another process writes, and that is there; sqlite3.Error if it can't be read."""
        connection = reader(path)
        connection.execute("PRAGMA query_only = ON")
        return cls(lambda: connection)

    def let_go(self) -> None:
        """Close the connection of a file that another process writes."""
        self._connect().close()

    def newest(self) -> int:
        """The number of the newest change."""
        return log.newest(self._read())

    def changes_after(self, number: int, most: int) -> list[Change]:
        """Up to `most` changes after a number, in order."""
        return log.after(self._read(), number, most)

    def change(self, number: int) -> Change:
        """The change with a number that exists."""
        return log.one(self._read(), number)

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

    def standing(self) -> dict[str, Seen]:
        """What the duty room itself sees that lasts, by machine."""
        return troubles.own_standing(self._read())

    def silent_panels(self) -> set[str]:
        """The accounts of other makers' panels that are silent."""
        return panels.silent(self._read())

    def commands_after(self, journal_id: str, number: int) -> tuple[EstateCommand, ...]:
        """A journal's commands above a number, in order."""
        return commands.after(self._read(), journal_id, number)

    def ordered(self, number: int) -> Ordered | None:
        """What has become of a command; None if there is none with this number."""
        return orders.ordered(self._read(), number)

    def concentrators(self) -> dict[str, str]:
        """{concentrator: its newest journal}."""
        return views.concentrators(self._read())

    def owner(self, journal_id: str) -> str | None:
        """The concentrator that a journal is of; None for one that is not known yet."""
        return views.owner(self._read(), journal_id)

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
        return named(self._connect())


def named(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A connection whose rows are read by the names of their columns."""
    connection.row_factory = sqlite3.Row
    return connection
