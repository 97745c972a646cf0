"""The uplink: a backlog goes up while panics overtake it, and then flats speak as fast as they are answered.

Concentrator and duty room are processes of their own, as on a PC of the estate or with TLS on two; panics and the events of the
second part are real frames by UDP. Received is what the duty room has committed.

The limit is bare SQLite at both ends: the same rows in the same batches, read from the journal, inserted into the duty room's
table, and their receipt noted, with one commit each (WAL, synchronous=FULL). It makes no JSON of them, checks no hash and asks
nobody. Where others work on the machine too, the processor's time for one event says what it would do alone.
"""

from __future__ import annotations

import asyncio
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from signal import Signals
from typing import Any, NamedTuple

from anju.bench.node import Figure, limits_of
from anju.bench.result import Progress
from anju.bench.uplink_estate import Air, Flat, Held, Service, Sites
from anju.service.i18n import _
from anju.uplink.reports import MOST_ROWS

BACKLOG, LIVE = 100_000, 20_000
ACCEPTED_PER_S, RECEIVED_PER_S, BACKLOG_S, OVERTAKES_S, RSS_MB = 2000, 1000, 300, 1.0, 120
FLATS = 64
_SHARES = (0.05, 0.25, 0.5, 0.75)
"""Of the backlog: a panic each, when so much of it has arrived."""
_WINDOW = 128
"""Frames that are under way at a time: as many as a socket's buffer surely holds."""
_LOOK_S, _AGAIN_S, _PATIENCE_S = 0.005, 2.0, 900.0
_MOST_BARE = 20_000
_INSERT = "INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?)"
_RECEIVED = "UPDATE outbox SET state = 1, settled_at_ms = ? WHERE destination = 'duty_room' AND seq = ?"


class Panic(NamedTuple):
    """How long a panic took from its frame to the duty room's commit, and as which of all reports it came."""

    seconds: float
    place: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. `ratio`: the backlog's reports a second against the limit's."""

    tls: bool
    backlog: int
    backlog_s: float
    received_per_s: float
    live: int
    accepted_per_s: float
    live_received_per_s: float
    panics: tuple[Panic, ...]
    rss_mb: float
    dutyroom_rss_mb: float
    cpu_us: float
    dutyroom_cpu_us: float
    """Of the processor, for one live event."""
    bare_per_s: float

    @property
    def ratio(self) -> float:
        """1 = as fast as the limit."""
        return self.received_per_s / self.bare_per_s

    @property
    def panic_overtakes_s(self) -> float:
        """Of the slowest panic."""
        return max(panic.seconds for panic in self.panics)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """For people, and their limits."""
        rate = _("events/s")
        limit_s = max(1, BACKLOG_S * self.backlog // BACKLOG)
        waits = _("a backlog of %(count)d events goes up") % {"count": self.backlog}
        return (
            Figure(
                "received_per_s", _("received by the duty room"), rate, round(self.received_per_s), RECEIVED_PER_S, True
            ),
            Figure("backlog_s", waits, "s", round(self.backlog_s, 1), limit_s),
            Figure(
                "panic_overtakes_s",
                _("a new panic overtakes it, slowest of %(count)d") % {"count": len(self.panics)},
                "s",
                round(self.panic_overtakes_s, 2),
                OVERTAKES_S,
            ),
            Figure("accepted_per_s", _("frames acknowledged"), rate, round(self.accepted_per_s), ACCEPTED_PER_S, True),
            Figure(
                "live_received_per_s",
                _("received meanwhile"),
                rate,
                round(self.live_received_per_s),
                RECEIVED_PER_S,
                True,
            ),
            Figure("rss_mb", _("memory of the concentrator, peak"), "MB", round(self.rss_mb), RSS_MB),
            Figure("dutyroom_rss_mb", _("memory of the duty room, peak"), "MB", round(self.dutyroom_rss_mb)),
            Figure("cpu_us", _("processor, concentrator, one live event"), _("µs"), round(self.cpu_us)),
            Figure("dutyroom_cpu_us", _("processor, duty room, one live event"), _("µs"), round(self.dutyroom_cpu_us)),
            Figure("ratio", _("of what bare SQLite does at both ends"), "×", round(self.ratio, 2)),
        )

    @property
    def is_good(self) -> bool:
        """Whether every limit is kept."""
        return all(figure.is_met for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": "uplink",
            "tls": self.tls,
            "backlog": self.backlog,
            "live": self.live,
            **{figure.key: figure.value for figure in self.figures},
            "ratio": round(self.ratio, 3),
            "panics": [{"s": round(one.seconds, 3), "place": one.place} for one in self.panics],
            "limit": "bare SQLite at both ends, the same rows in the same batches",
            "limit_per_s": round(self.bare_per_s),
            "limits": limits_of(self.figures),
            "python": platform.python_version(),
            "machine": platform.machine(),
        }


def measure(progress: Progress, *, tls: bool = False, backlog: int = BACKLOG, live: int = LIVE) -> Outcome:
    """Run it all in a folder of its own, which is gone afterwards."""
    return asyncio.run(_measure(progress, tls, backlog, live))


async def _measure(progress: Progress, tls: bool, backlog: int, live: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="anju-bench-", ignore_cleanup_errors=True) as folder:
        sites = Sites.create(Path(folder), tls=tls)
        flats = await sites.fill(FLATS + len(_SHARES), FLATS, backlog, progress)
        run = _Run(sites, progress)
        async with AsyncExitStack() as stack:
            await run.start(stack)
            began = time.monotonic()
            panics = await run.overtake(flats[FLATS:], backlog)
            progress(_("Waiting for the rest of the backlog…"))
            received_per_s, ended = await run.arrived(backlog + len(panics))
            before = run.building.cpu_us(), run.room.cpu_us()
            accepted_per_s, live_per_s = await run.speak(flats[:FLATS], live)
            cpu_us = run.building.cpu_us() - before[0], run.room.cpu_us() - before[1]
            rss_mb, room_mb = run.building.peak_rss_mb(), run.room.peak_rss_mb()
        progress(_("The limit…"))
        return Outcome(
            tls=tls,
            backlog=backlog,
            backlog_s=ended - began,
            received_per_s=received_per_s,
            live=live,
            accepted_per_s=accepted_per_s,
            live_received_per_s=live_per_s,
            panics=panics,
            rss_mb=rss_mb,
            dutyroom_rss_mb=room_mb,
            cpu_us=cpu_us[0] / live,
            dutyroom_cpu_us=cpu_us[1] / live,
            bare_per_s=bare_per_s(sites.building.journal, Path(folder)),
        )


class _Run:
    """Both services at work."""

    def __init__(self, sites: Sites, progress: Progress) -> None:
        self._sites = sites
        self._progress = progress
        self.room = Service("dutyroom", sites.room)
        self.building = Service("concentrator", sites.building)
        self._first: tuple[int, float] = (0, 0.0)
        """How many reports the first look found that found any, and when."""

    async def start(self, stack: AsyncExitStack, meanwhile: Signals = Signals.SIGCONT) -> None:
        """The duty room first, so that nothing waits for a second try; it is sent a signal before the concentrator starts."""
        self._progress(_("Starting the services…"))
        for service in (self.room, self.building):
            stack.push_async_callback(service.stop)
        await self.room.start()
        self.room.signal(meanwhile)
        await self.building.start()
        self.held = stack.enter_context(closing(Held(self._sites.room.dutyroom_db)))
        self.air = await Air.open(self._sites.building)
        stack.callback(self.air.close)

    async def overtake(self, flats: Sequence[Flat], backlog: int) -> tuple[Panic, ...]:
        """A button is pressed whenever another part of the backlog has arrived."""
        panics = []
        for flat, share in zip(flats, _SHARES, strict=True):
            await self._until(lambda share=share: self._reports() >= share * backlog)  # type: ignore[misc]  # as it is now
            pressed, frame = time.monotonic(), flat.panic()
            while True:
                self.air.send(frame)
                try:
                    held = self._until(lambda flat=flat: self.held.has_incident(flat.household))  # type: ignore[misc]
                    await asyncio.wait_for(held, _AGAIN_S)
                except TimeoutError:
                    continue  # a datagram may be lost
                break
            seconds = time.monotonic() - pressed
            panics.append(Panic(seconds, self.held.place(flat.household)))
            self._progress(_("A panic was there after %(seconds).2f s") % {"seconds": seconds})
        return tuple(panics)

    async def arrived(self, reports: int) -> tuple[float, float]:
        """Wait for all of the backlog; how many a second there were from the first look on, and when the last was there."""
        await self._until(lambda: self._reports() >= reports)
        ended = time.monotonic()
        before, since = self._first
        return (reports - before or reports) / (ended - since), ended

    async def speak(self, flats: Sequence[Flat], events: int) -> tuple[float, float]:
        """Flats speak, each frame as soon as there is room for it: how many a second are acknowledged, and received."""
        self._progress(_("%(count)d events, one frame each…") % {"count": events})
        frames = [flats[number % len(flats)].door() for number in range(events)]
        before, answered, began = self._reports(), self.air.answers, time.monotonic()
        async with asyncio.timeout(_PATIENCE_S):
            for number, frame in enumerate(frames):
                while number - (self.air.answers - answered) >= _WINDOW:
                    await self._answer()
                self.air.send(frame)
            while self.air.answers - answered < events:
                await self._answer()
        accepted_s = time.monotonic() - began
        await self._until(lambda: self._reports() >= before + events)
        return events / accepted_s, events / (time.monotonic() - began)

    async def _answer(self) -> None:
        self.air.news.clear()
        await self.air.news.wait()

    def _reports(self) -> int:
        count = self.held.reports()
        if count and not self._first[0]:
            self._first = count, time.monotonic()
        return count

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():  # noqa: ASYNC110  # it happens in another process, which tells nobody
                await asyncio.sleep(_LOOK_S)


def bare_per_s(journal: Path, folder: Path) -> float:
    """Rows a second of the limit, with the rows of a journal that nobody has open."""
    room, building = _bare(folder / "room.db", "dutyroom/store"), _bare(folder / "building.db", "concentrator")
    with closing(sqlite3.connect(journal)) as read, closing(room), closing(building):
        owed = read.execute("SELECT * FROM outbox ORDER BY seq LIMIT ?", (_MOST_BARE,)).fetchall()
        marks = ", ".join("?" * len(owed[0]))
        building.executemany(f"INSERT INTO outbox VALUES ({marks})", owed)  # noqa: S608  # question marks
        building.execute("UPDATE outbox SET state = 0")
        start = time.perf_counter()
        for first in range(1, len(owed) + 1, MOST_ROWS):
            query = "SELECT seq, report, sha256, chain FROM event WHERE seq >= ? ORDER BY seq LIMIT ?"
            rows = read.execute(query, (first, MOST_ROWS)).fetchall()
            _commit(
                room, _INSERT, [("0" * 32, seq, sha256.hex(), 0, text, None, link) for seq, text, sha256, link in rows]
            )
            _commit(building, _RECEIVED, [(0, row[0]) for row in rows])
        return len(owed) / (time.perf_counter() - start)


def _bare(path: Path, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    package, _slash, room = schema.partition("/")
    folder = files(f"anju.{package}") / room / "schema" if room else files(f"anju.{package}") / "schema" / "journal"
    for step in sorted(folder.iterdir(), key=lambda file: file.name):
        connection.executescript(step.read_text(encoding="utf-8"))
    return connection


def _commit(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(statement, rows)
    connection.execute("COMMIT")
