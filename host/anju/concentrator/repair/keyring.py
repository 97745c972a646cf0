"""Opens the keyring, whatever it looks like. Of a damaged one every link that can be read goes on, and its counters leap; what is
not among them has to be paired anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from anju.concentrator import keyring_rows
from anju.concentrator.core.ports import Clock
from anju.concentrator.keyring import BLOCK, Keyring
from anju.ledger import damaged
from anju.ledger.beside import reading
from anju.wire.seal import KEY_BYTES

_LINK = (
    "network, node, epoch, up, down, household, inputs, ceiling, device, public_key, person, paired_at_ms, ended, most"
)


def _is_link(row: tuple[Any, ...]) -> bool:
    """Whether a link can be used: no key is guessed, and its place is one."""
    keyring_rows.zones_of(row[6])
    return bool(row[12]) or len(row[3]) == len(row[4]) == KEY_BYTES


_TABLES: list[tuple[str, str, str, Callable[[Any], bool]]] = [
    ("link", _LINK, "network, node, epoch", _is_link),
    ("promise", keyring_rows.PROMISE, "device, attempt", lambda _row: True),
    ("notice", "number, facts", "number", lambda _row: True),
    ("code", "household, person, is_duress, salt, digest", "household, person, is_duress", lambda _row: True),
    ("keypad", "network, node, epoch, is_exposed, has_digits", "network, node, epoch", lambda _row: True),
    ("first_node", "network, node", "network", lambda _row: True),
    ("journal_key", "private", "rowid", lambda row: len(row[0]) == 32),
]
_log = structlog.get_logger()


async def open_mended(path: Path, journal: Path, clock: Clock) -> tuple[Keyring, str | None]:
    """The keyring, or what can be read of it; and where a damaged one lies now. LedgerError as from `Keyring.open`.

    `journal` may know of nodes that a damaged keyring does not tell of any more.
    """

    async def open_file(path: Path) -> Keyring:
        return Keyring.open(path)

    async def refill(made: Path) -> int:
        keyring = Keyring.open(made)
        try:
            return await keyring.ledger.write(lambda connection: _fill(connection, path, journal))
        finally:
            await keyring.close()

    found = await damaged.opened(path, lambda: clock().wall_ms, open_file, refill)
    if not isinstance(found, damaged.Aside):
        return found, None
    _log.error("the keyring is damaged and was set aside", reason=found.reason, file=found.name, links=found.kept)
    return Keyring.open(path), found.name


def _fill(connection: sqlite3.Connection, path: Path, journal: Path) -> int:
    links = 0
    with reading(path) as read:
        for table, columns, key, is_good in _TABLES:
            for row in damaged.whatever(read, columns, table, key):
                with suppress(ValueError, TypeError, KeyError, sqlite3.IntegrityError):
                    if is_good(row):
                        marks = ", ".join("?" * len(row))
                        connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608  # names of ours
                        links += table == "link"
    # A ceiling that was written and cannot be read any more must not be used again.
    keyring_rows.leap(connection, keyring_rows.LEAP, keyring_rows.LEAP, BLOCK)
    for network, node in _heard(journal):
        keyring_rows.leave_out(connection, network, node)
    return links


def _heard(journal: Path) -> list[tuple[int, int]]:
    """Nodes that a journal knows, whatever it looks like: under another one's number a new node would be taken for its replay."""
    with suppress(sqlite3.Error), reading(journal) as read:
        return [row for row in damaged.whatever(read, "network, node", "node", "network, node") if _is_address(row)]
    return []


def _is_address(row: tuple[Any, ...]) -> bool:
    return all(isinstance(number, int) and 0 <= number <= keyring_rows.MOST_NODES for number in row)
