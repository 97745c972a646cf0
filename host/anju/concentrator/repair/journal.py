"""Opens the journal, whatever it looks like. Of a damaged one every row that is whole goes on under its number and hash, and is
owed unless a receipt can be read: a duty room that has it knows it (R342)."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import structlog

from anju.concentrator import journal_audit, journal_rows
from anju.concentrator.core.freshness import Window
from anju.concentrator.core.node import NodeState
from anju.concentrator.core.panel import stored
from anju.concentrator.core.panel.schedule import Scheduled
from anju.concentrator.core.places import Address
from anju.concentrator.core.ports import Clock
from anju.concentrator.core.walk_test import Walk
from anju.concentrator.journal import Journal
from anju.ledger import Ledger, audit, damaged
from anju.ledger.audit import Row
from anju.ledger.beside import reading
from anju.ledger.chain import GENESIS
from anju.ledger.head import Cut, Head, JournalKey, Kept, is_signed
from anju.uplink.commands import EstateCommand
from anju.uplink.reports import Report, TroubleKind

_MOST_ROWS = 20_000_000
"""Numbers that are looked for where nothing that is signed says how many there are."""
_COLUMNS = "seq, network, node, epoch, first_counter, CAST(report AS BLOB), sha256, chain"
_NODE = (
    "network, node, epoch, highest, marks, levels, last_seen_ms, route_link, route_peer, "
    "boot, firmware, evidence, started, battery"
)
_OWED = "INSERT INTO outbox (destination, seq, household, lane, state, settled_at_ms) VALUES (?, ?, ?, ?, ?, ?)"
_log = structlog.get_logger()


async def open_mended(path: Path, clock: Clock, destinations: tuple[str, ...], key: JournalKey) -> Journal:
    """The journal, or what can be read of it; LedgerError: it is in use or of a newer release, or the disk does not take it."""

    def open_file(path: Path) -> Awaitable[Journal]:
        return Journal.open(path, clock, destinations, key)

    async def refill(made: Path) -> int:
        ledger = Ledger.open(made, files("anju.concentrator") / "schema" / "journal")
        try:
            return await ledger.write(lambda connection: _fill(connection, path, clock, destinations, key))
        finally:
            await ledger.close()

    found = await damaged.opened(path, lambda: clock().wall_ms, open_file, refill, journal_audit.tail_fault)
    if not isinstance(found, damaged.Aside):
        return found
    _log.error("the journal is damaged and was set aside", reason=found.reason, file=found.name, rows=found.kept)
    journal = await open_file(path)
    async with journal.change() as draft:
        draft.trouble(TroubleKind.FILE_DAMAGED, subject=found.name)
    return journal


def _fill(
    connection: sqlite3.Connection, path: Path, clock: Clock, destinations: tuple[str, ...], key: JournalKey
) -> int:
    link, count, kept = GENESIS, 0, Kept()
    highest: dict[Address, tuple[int, int]] = {}
    named = secrets.token_hex(16)
    connection.execute("INSERT INTO journal VALUES (?, ?)", (named, clock().wall_ms))
    with reading(path) as read:
        last = _last(read, key)
        for row in map(journal_audit.row_of, damaged.numbered(read, _COLUMNS, "event", "seq", last)):
            report = _report(row)
            if report is None:
                continue
            told = (row.seq, *row.key, row.report.decode(), row.sha256, row.link)
            if connection.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", told).rowcount == 0:
                continue
            count, link = count + 1, row.link
            _owe(connection, read, report, destinations)
            _owe_others(connection, read, report, destinations)
            _hear(highest, report)
        _state(connection, read, clock, highest)
    for told in connection.execute("SELECT seq, sha256, chain FROM event ORDER BY seq"):
        kept.add(*told)
    cut, head = Cut(named, last, link, 0, kept.digest), Head(named, last, link)
    connection.execute("INSERT INTO cut VALUES (?, ?, ?, ?, ?)", (*cut[1:], key.sign(cut)))
    connection.execute("INSERT INTO head VALUES (?, ?, ?)", (*head[1:], key.sign(head)))
    return count


def _last(read: sqlite3.Connection, key: JournalKey) -> int:
    """Up to which number there may be rows: as it was signed, or else as the tables say."""
    with suppress(sqlite3.Error, ValueError, TypeError):
        signed = journal_audit.signed_of(read)
        if signed.head and is_signed(key.public, signed.head, signed.head_signature):
            return signed.head.seq
    most = 0
    for query in ("SELECT max(seq) FROM event", "SELECT max(seq) FROM outbox", "SELECT seq FROM head"):
        with suppress(sqlite3.Error):
            found = read.execute(query).fetchone()
            most = max(most, found[0] or 0) if found else most
    return min(most, _MOST_ROWS)


def _report(row: Row) -> Report | None:
    """The report of a row that is as it was written."""
    with suppress(ValueError, TypeError, AttributeError):
        return Report.model_validate_json(row.report) if audit.is_whole(row) and len(row.link) == 32 else None
    return None


def _owe(
    connection: sqlite3.Connection, read: sqlite3.Connection, report: Report, destinations: tuple[str, ...]
) -> None:
    rest = (report.seq, report.household or "", journal_rows.LANES[report.lane])
    for destination in destinations:
        state, settled_at_ms = 0, None
        with suppress(sqlite3.Error):
            query = "SELECT state, settled_at_ms FROM outbox WHERE destination = ? AND seq = ?"
            found = read.execute(query, (destination, report.seq)).fetchone()
            if found and found[0] in (1, 2) and found[1] is not None:
                state, settled_at_ms = found
        connection.execute(_OWED, (destination, *rest, state, settled_at_ms))
    if report.kind in journal_rows.RECORDED:
        connection.execute("INSERT INTO record VALUES (?, ?, ?)", (report.seq, report.kind, report.household))


def _owe_others(
    connection: sqlite3.Connection, read: sqlite3.Connection, report: Report, destinations: tuple[str, ...]
) -> None:
    """What third parties are seen to be owed still: unlike the duty room, they may take a second telling for a second alarm."""
    rest = (report.seq, report.household or "", journal_rows.LANES[report.lane], 0, None)
    query = "SELECT destination FROM outbox WHERE seq = ? AND state = 0"
    with suppress(sqlite3.Error):
        for (name,) in read.execute(query, (report.seq,)).fetchall():
            if isinstance(name, str) and name not in destinations:
                connection.execute(_OWED, (name, *rest))


def _hear(highest: dict[Address, tuple[int, int]], report: Report) -> None:
    """What a node has said by its reports, in case nothing else tells any more."""
    epoch = report.witnessed.epoch if report.witnessed else report.epoch
    if report.node and report.counter and epoch is not None:
        address = Address(report.node.network, report.node.node)
        highest[address] = max(highest.get(address, (0, 0)), (epoch, report.counter))


def _state(
    connection: sqlite3.Connection,
    read: sqlite3.Connection,
    clock: Clock,
    highest: dict[Address, tuple[int, int]],
) -> None:
    """All that is believed, each piece if it is what somebody has written. Troubles are left out: they are told anew."""
    now = clock()
    tables: list[tuple[str, str, str, Callable[[Any], object]]] = [
        ("node", _NODE, "network, node", journal_rows.node_state),
        ("panel", "household, state", "household", lambda row: stored.from_json(row[1], now)),
        ("walk_test", "household, state", "household", lambda row: Walk.from_json(row[1])),
        ("schedule", "household, number, entry", "household, number", lambda row: Scheduled.from_json(row[2])),
        ("destination", "name, is_on", "name", tuple),
        (
            "command",
            "number, command, network, node, event_id, outcome",
            "number",
            lambda row: EstateCommand.model_validate_json(row[1]),
        ),
        (
            "own_command",
            "number, code, network, node, epoch, household, person, at_ms, valid_s, outcome",
            "number",
            tuple,
        ),
    ]
    for table, columns, key, is_read in tables:
        for row in damaged.whatever(read, columns, table, key):
            try:
                is_read(row)
            except Exception:  # noqa: BLE001, S112  # whatever a damaged row does to its reader, the next one is read
                continue
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608  # the same
            if table == "node":
                highest.pop(Address(*row[:2]), None)
    for address, (epoch, counter) in highest.items():
        row = journal_rows.node_row(address, NodeState(epoch, Window(counter)))
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT OR IGNORE INTO node ({_NODE}) VALUES ({marks})", row)  # noqa: S608  # the same
