"""Judging events: a whole estate's panels in one process, and what one event costs from the typed message to what is believed.

Measured is what stands between opening a frame and its acknowledgement, the commit aside: the draft, freshness, intake, the
panel, its reports, adopting them, and the supervision of all nodes. Then the same with the commit, in a journal on the disk of
this machine, one event a commit. The limit of comparison is a bare update of a dict that holds as many. All flats have been
armed and disarmed for days, so that their panels hold whatever they remember; a quarter of them is armed.

Each event is judged once, and all of a run count. Times are of the processor, not of the clock on the wall, because what else
runs on a machine is not the panel's; a commit waits for the disk, and its time is of the clock. Memory is what Python has
allocated for the state (tracemalloc), keys aside.
"""

from __future__ import annotations

import asyncio
import platform
import random
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from anju.bench.node import Figure, limits_of
from anju.bench.result import Progress
from anju.concentrator.core import intake
from anju.concentrator.core.building import Building
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.intake import Heard, Recorded
from anju.concentrator.core.moment import Moment
from anju.concentrator.core.node_kinds import WIRED
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.core.places import Address, Placement, Route
from anju.concentrator.core.premises import Chosen
from anju.concentrator.core.supervision import Supervision
from anju.concentrator.journal import Journal
from anju.concentrator.premises import Furnished
from anju.ledger.head import JournalKey
from anju.service.i18n import _
from anju.uplink.reports import Zone, ZoneKind
from anju.wire.messages import Header, Message, Status
from anju.wire.table import Code, Flag, Type

FLATS, NODES_A_FLAT = 5000, 3
P99_US, STATE_MB = 200, 200
_DAYS = 8
"""Days of arming and disarming, as many as a panel remembers."""
_EVENTS, _COMMITTED = 18_000, 1000
_WARM_UP = 500
_ARMED = 4
"""Every so many flats one is armed."""
_KINDS = (
    (ZoneKind.ENTRY, (Code.OPENED, Code.CLOSED)),
    (ZoneKind.INSTANT, (Code.OPENED, Code.CLOSED)),
    (ZoneKind.HOLD_UP, (Code.PANIC,)),
)
_BEGIN_MS = 1_790_000_000_000
_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found, `committed_…` with the journal's commit. `ratio`: so many bare dict updates take as long as one event, by
    the medians."""

    flats: int
    events: int
    p50_us: float
    p99_us: float
    dict_us: float
    state_bytes: int
    commits: int
    committed_p50_us: float
    committed_p99_us: float

    @property
    def nodes(self) -> int:
        """In all flats."""
        return self.flats * NODES_A_FLAT

    @property
    def ratio(self) -> float:
        """Events against bare dict updates."""
        return self.p50_us / self.dict_us

    @property
    def figures(self) -> tuple[Figure, ...]:
        """For people, and their limits."""
        us = _("µs")
        return (
            Figure("p99_us", _("one event judged, p99"), us, round(self.p99_us), P99_US),
            Figure("p50_us", _("one event judged, p50"), us, round(self.p50_us)),
            Figure("committed_p99_us", _("the same with its commit, p99"), us, round(self.committed_p99_us)),
            Figure("ratio", _("a bare dict update fits in so many times"), "×", round(self.ratio)),
            Figure(
                "state_bytes",
                _("state of %(nodes)d nodes") % {"nodes": self.nodes},
                "MB",
                round(self.state_bytes / 1e6),
                STATE_MB,
            ),
        )

    @property
    def is_good(self) -> bool:
        """Whether every limit is kept."""
        return all(figure.is_met for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": "panel",
            "nodes": self.nodes,
            "flats": self.flats,
            "events": self.events,
            "p50_us": round(self.p50_us, 1),
            "p99_us": round(self.p99_us, 1),
            "dict_us": round(self.dict_us, 3),
            "ratio": round(self.ratio, 1),
            "state_bytes": self.state_bytes,
            "commits": self.commits,
            "committed_p50_us": round(self.committed_p50_us, 1),
            "committed_p99_us": round(self.committed_p99_us, 1),
            "limit": "a bare update of a dict of as many",
            "limits": limits_of(self.figures),
            "python": platform.python_version(),
            "machine": platform.machine(),
        }


def measure(
    progress: Progress, flats: int = FLATS, events: int = _EVENTS, commits: int = _COMMITTED, folder: Path | None = None
) -> Outcome:
    """Build the estate, then judge its events. The journal is made in `folder`; None: where the machine keeps temporary files."""
    progress(_("Building %(flats)d flats") % {"flats": flats})
    tracemalloc.start()
    try:
        estate = _Estate(flats)
        estate.live(_DAYS)
        state_bytes = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    progress(_("Judging %(events)d events") % {"events": events})
    for _event in range(min(_WARM_UP, events)):
        estate.judge_one()
    judged = sorted(estate.judge_one() for _event in range(events))
    bare = estate.update_dict(events)
    progress(_("Judging and committing %(events)d events") % {"events": commits})
    with tempfile.TemporaryDirectory(dir=folder, prefix="anju-bench-") as made:
        committed = sorted(asyncio.run(estate.commit(commits, Path(made))))
    return Outcome(
        flats,
        events,
        median(judged) * 1e6,
        _p99(judged) * 1e6,
        bare * 1e6,
        state_bytes,
        commits,
        median(committed) * 1e6,
        _p99(committed) * 1e6,
    )


def _p99(ordered: list[float]) -> float:
    return ordered[int(len(ordered) * 0.99)]


class _Estate:
    """Its building, and a clock that goes on by itself from event to event."""

    def __init__(self, flats: int) -> None:
        self._chance = random.Random(1)
        self._doors = _Doors(flats)
        self._supervision = Supervision()
        self._building = Building(premises=Furnished(self._doors, self._supervision, Chosen()))
        self._now = Moment(_BEGIN_MS, 1000.0)
        self._counters: Counter[Address] = Counter()

    def live(self, days: int) -> None:
        """Everybody arms and disarms, and every node is heard."""
        for day in range(days):
            for number, household in enumerate(self._doors.households):
                for action in (Action.ARM, Action.DISARM):
                    is_left_armed = day == days - 1 and action is Action.DISARM and number % _ARMED == 0
                    if not is_left_armed:
                        self._ask(household, action)
        for address in self._doors.placements:
            self._supervision.heard(address, WIRED, self._now.monotonic_s)
            draft = Draft(self._building, self._now)
            self._judge(draft, address, self._event(address))
            draft.adopt()
        self._pass(120)

    def judge_one(self) -> float:
        """Seconds of the processor that one event takes."""
        self._pass(_PAUSE_S)
        address = Address(1, self._chance.randint(1, len(self._doors.placements)))
        message = self._event(address)
        start = time.thread_time()
        draft = Draft(self._building, self._now)
        draft.mind_the_clock()
        self._judge(draft, address, message)
        draft.adopt()
        self._supervision.heard(address, WIRED, self._now.monotonic_s)
        return time.thread_time() - start

    async def commit(self, events: int, folder: Path) -> list[float]:
        """Seconds that each event takes in a journal there, to the end of its commit."""
        journal = await Journal.open(folder / "journal.db", lambda: self._now, ("duty_room",), JournalKey.new())
        journal.building = self._building
        took_s = []
        try:
            for _event in range(events):
                self._pass(_PAUSE_S)
                address = Address(1, self._chance.randint(1, len(self._doors.placements)))
                message = self._event(address)
                start = time.perf_counter()
                async with journal.change() as draft:
                    self._judge(draft, address, message, journal.holds)
                self._supervision.heard(address, WIRED, self._now.monotonic_s)
                took_s.append(time.perf_counter() - start)
        finally:
            await journal.close()
        return took_s

    def update_dict(self, times: int) -> float:
        """Seconds of the processor that one update of a dict of nodes takes."""
        nodes = dict(self._building.nodes)
        addresses = self._chance.choices(list(nodes), k=times)
        state = next(iter(nodes.values()))
        start = time.thread_time()
        for address in addresses:
            nodes[address] = state
        return (time.thread_time() - start) / times

    def _judge(self, draft: Draft, address: Address, message: Message, holds: Recorded | None = None) -> None:
        """As the reception does it; if nobody says otherwise, with a journal that holds nothing."""
        header, before = message.header, draft.node(address)
        tag = header.counter.to_bytes(16, "big")
        before.judge(header.epoch, header.counter, tag)
        route = Route("radio", str(address.node))
        draft.nodes[address] = before.heard(header.epoch, header.counter, tag, route, self._now.wall_ms)
        heard = Heard(message, self._doors.placements[address], before.last_seen_ms)
        intake.take(draft, heard, holds or (lambda event: event is None))

    def _ask(self, household: str, action: Action) -> None:
        self._pass(_PAUSE_S)
        draft = Draft(self._building, self._now)
        draft.ask(household, PersonSignal(action, "resident", anyway=True))
        draft.adopt()

    def _pass(self, seconds: float) -> None:
        """Let time pass, and what is due by it be done as the timekeeper does it: nobody's event pays for that."""
        wall_ms = self._now.wall_ms + round(seconds * 1000)
        self._now = Moment(wall_ms, self._now.monotonic_s + seconds)
        while due := self._building.deadlines.due(self._now.monotonic_s, 256):
            draft = Draft(self._building, self._now)
            for household in due:
                draft.look(household)
            draft.adopt()

    def _event(self, address: Address) -> Message:
        self._counters[address] += 1
        counter = self._counters[address]
        kind, codes = _KINDS[(address.node - 1) % NODES_A_FLAT]
        code = self._chance.choice(codes)
        is_urgent = kind is ZoneKind.HOLD_UP
        flags = Flag.ACK_REQUESTED | (Flag.URGENT if is_urgent else 0)
        now_s, levels = self._now.wall_ms // 1000, int(code is Code.OPENED)
        body = Status(Type.EVENT, flags, now_s, counter & 0xFFFF, code, 0, levels, 150, 42, 0, 200)
        return Message(Header.up(*address, 1, counter), body)


class _Doors:
    """Where nodes hang, as a keyring tells it."""

    def __init__(self, flats: int) -> None:
        self.households = [
            f"{number // 400 + 1}-{number // 20 % 20 + 1}-{number % 20 + 101:04d}" for number in range(flats)
        ]
        self.placements: dict[Address, Placement] = {}
        self._nodes: dict[str, list[Address]] = {}
        for number, household in enumerate(self.households):
            for index, (kind, _codes) in enumerate(_KINDS):
                address = Address(1, number * NODES_A_FLAT + index + 1)
                zones = (
                    Zone(number=0, name=kind.value, kind=kind),
                    Zone(number=1, name="case", kind=ZoneKind.TAMPER),
                )
                self.placements[address] = Placement(household, zones)
                self._nodes.setdefault(household, []).append(address)

    def placement(self, address: Address) -> Placement | None:
        """Where an enrolled node hangs."""
        return self.placements.get(address)

    def nodes_of(self, household: str) -> Iterable[Address]:
        """Nodes that hang in a household."""
        return self._nodes[household]
