"""Journalling: from a decided draft to rows that a power cut cannot take away, against bare SQLite.

The limit is one bare connection with the same tables, the same settings (WAL, synchronous=FULL) and the same rows, inserted
by `executemany` in the same batches. Ours makes those rows as well: canonical JSON, its hash, the chain; and hands them to
the writer thread and back.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from anju.bench.result import Comparison, Progress, Result
from anju.concentrator.core import intake
from anju.concentrator.core.intake import Heard
from anju.concentrator.core.moment import Moment
from anju.concentrator.core.places import Address, Placement, Route
from anju.concentrator.journal import Journal
from anju.ledger.head import JournalKey
from anju.service.i18n import _
from anju.uplink.reports import Zone, ZoneKind
from anju.wire import table
from anju.wire.messages import Header, Message, Status

_BATCHES = (1, 8, 64, 256)
_COMMITS = {1: 200, 8: 100, 64: 30, 256: 10}
"""Commits of each batch size in a round: each about a tenth of a second."""
_ROUNDS = 7
_TABLES = ("event", "outbox", "node", "panel")


def measure(progress: Progress) -> Result:
    """Events a second, for batches from a single press to a whole building at once."""
    return asyncio.run(_measure(progress))


async def _measure(progress: Progress) -> Result:
    rounds: dict[int, list[tuple[float, float]]] = {size: [] for size in _BATCHES}
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as folder:
        pair = await _Pair.open(Path(folder))
        for number in range(_ROUNDS):
            progress(_("Round %(number)d of %(count)d") % {"number": number + 1, "count": _ROUNDS})
            for size in _BATCHES:
                rounds[size].append(await pair.compare(size, _COMMITS[size]))
        await pair.close()
    labels = {size: _("%(size)d events in one commit") % {"size": size} for size in _BATCHES}
    comparisons = tuple(Comparison.of(f"batch_{size}", labels[size], rounds[size]) for size in _BATCHES)
    return Result(
        bench="journal",
        limit="bare SQLite, the same rows in the same batches",
        limit_label=_("bare SQLite, the same rows in the same batches"),
        unit="events/s",
        unit_label=_("events/s"),
        ratio=min(one.ratio for one in comparisons),
        rounds=_ROUNDS,
        repetitions=sum(_COMMITS.values()),
        comparisons=comparisons,
    )


class _Rows(NamedTuple):
    """What one commit of ours put into each table."""

    event: list[tuple[object, ...]]
    outbox: list[tuple[object, ...]]
    node: list[tuple[object, ...]]
    panel: list[tuple[object, ...]]


class _Pair:
    """Our journal and the bare file, one beside the other on the same disk."""

    def __init__(self, journal: Journal, ours: sqlite3.Connection, bare: sqlite3.Connection) -> None:
        self._journal = journal
        self._ours = ours
        self._bare = bare
        self._counter = 0
        self._inserts: list[str] = []
        for name in _TABLES:
            columns = len(bare.execute(f"PRAGMA table_info({name})").fetchall())
            marks = ", ".join("?" * columns)
            self._inserts.append(f"INSERT OR REPLACE INTO {name} VALUES ({marks})")  # noqa: S608 - names of ours

    @classmethod
    async def open(cls, folder: Path) -> _Pair:
        """Both empty."""
        journal = await Journal.open(folder / "journal.db", _clock, ("duty_room",), JournalKey.new())
        bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
        bare.execute("PRAGMA journal_mode = WAL").fetchone()
        bare.execute("PRAGMA synchronous = FULL")
        for step in sorted((files("anju.concentrator") / "schema" / "journal").iterdir(), key=lambda file: file.name):
            bare.executescript(step.read_text(encoding="utf-8"))
        return cls(journal, sqlite3.connect(folder / "journal.db"), bare)

    async def close(self) -> None:
        """Close all three."""
        self._ours.close()
        self._bare.close()
        await self._journal.close()

    async def compare(self, size: int, commits: int) -> tuple[float, float]:
        """Events a second, ours and bare, in commits of `size` events taken in turns."""
        ours_s = bare_s = 0.0
        for _number in range(commits):
            first = self._journal.building.last_seq + 1
            ours_s += await self._commit_ours(size)
            bare_s += self._commit_bare(self._rows_since(first))
        return size * commits / ours_s, size * commits / bare_s

    async def _commit_ours(self, size: int) -> float:
        self._counter += 1
        async with self._journal.change() as draft:
            for node in range(1, size + 1):
                message = Message(Header.up(1, node, 1, self._counter), _press(self._counter & 0xFFFF))
                address, placement = Address(1, node), _placement(node)
                before = draft.node(address)
                route = Route("udp", f"127.0.0.1:{50_000 + node}")
                draft.nodes[address] = before.heard(1, self._counter, bytes(16), route, draft.moment.wall_ms)
                intake.take(draft, Heard(message, placement, before.last_seen_ms), lambda _event: False)
            start = time.perf_counter()
        return time.perf_counter() - start

    def _rows_since(self, first: int) -> _Rows:
        """The rows that our last commit wrote; the tables of state hold nodes and households of that commit alone."""
        read = self._ours.execute
        since = read("SELECT * FROM event WHERE seq >= ?", (first,)).fetchall()
        owed = read("SELECT * FROM outbox WHERE seq >= ?", (first,)).fetchall()
        nodes = read("SELECT * FROM node WHERE node <= ?", (len(since),)).fetchall()
        households = [_placement(node).household for node in range(1, len(since) + 1)]
        marks = ", ".join("?" * len(households))
        panels = read(f"SELECT * FROM panel WHERE household IN ({marks})", households).fetchall()  # noqa: S608 - question marks
        return _Rows(since, owed, nodes, panels)

    def _commit_bare(self, rows: Sequence[list[tuple[object, ...]]]) -> float:
        start = time.perf_counter()
        self._bare.execute("BEGIN IMMEDIATE")
        for insert, of_table in zip(self._inserts, rows, strict=True):
            self._bare.executemany(insert, of_table)
        self._bare.execute("COMMIT")
        return time.perf_counter() - start


def _clock() -> Moment:
    return Moment(time.time_ns() // 1_000_000, time.monotonic())


def _placement(node: int) -> Placement:
    zone = Zone(number=0, name="bed", kind=ZoneKind.HOLD_UP)
    return Placement(f"1-{node // 100 + 1}-{node % 100 + 101:04d}", (zone,))


def _press(event_id: int) -> Status:
    return Status(
        type=table.Type.EVENT,
        flags=table.Flag.ACK_REQUESTED | table.Flag.URGENT,
        time_s=int(time.time()),
        event_id=event_id,
        code=table.Code.PANIC,
        zone=0,
        levels=1,
        battery_20mv=150,
        temperature_half_c=42,
        tries=1,
        link_quality=200,
    )
