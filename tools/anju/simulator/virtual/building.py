"""A building's concentrator on a virtual clock: the rooms themselves, on real files; only clock, links and power are made.

The journal is the real one, on SQLite, because restarts are part of the day and nothing else shows what one leaves. What a disk
takes is not measured here: the files lie in memory where the system has a place for that, and a day takes a minute, not ten.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.core.places import Route
from anju.concentrator.core.premises import Chosen
from anju.concentrator.core.supervision import Supervision
from anju.concentrator.gauges import LinkGauge
from anju.concentrator.journal import Journal
from anju.concentrator.keyring import Keyring, Link
from anju.concentrator.premises import Furnished
from anju.concentrator.reception import Arrival, Reception
from anju.concentrator.timekeeper import Timekeeper
from anju.concentrator.watchman import Watchman
from anju.simulator.virtual.agenda import Agenda
from anju.simulator.virtual.air import NAME, Air
from anju.uplink.reports import Refusal, Report, Zone

BEGIN_MS = 1_790_000_000_000
"""The day's first moment, in Unix time."""
_SEEN_EVERY_S, _SEEN_OFTEN_S = 10.0, 1.0
"""How often the watchman looks: once a second is of use only while the air is not what it should be."""
_LAG_S = 0.02
_DESTINATION = "duty_room"


class Told(NamedTuple):
    """A report, and when it was committed, in seconds of the day; and when it happened, as far as it tells."""

    at_s: float
    report: Report
    event_s: float | None = None


class Clock:
    """Both clocks of the concentrator's PC."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._step_ms = 0
        self._boot_s = -1000.0
        self._boots = 1

    def __call__(self) -> Moment:
        now_s = self._agenda.now_s
        return Moment(BEGIN_MS + round(now_s * 1000) + self._step_ms, now_s - self._boot_s, f"boot {self._boots}")

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._step_ms += round(seconds * 1000)

    def reboot(self) -> None:
        """The machine starts anew, and its monotonic clock with it."""
        self._boot_s = self._agenda.now_s - 20.0
        self._boots += 1


class Building:
    """A concentrator with its air. `told` is everything that it has reported; `outages` when it could hear nobody."""

    def __init__(self, folder: Path, agenda: Agenda, chance: random.Random, loss: float) -> None:
        self.agenda = agenda
        self.clock = Clock(agenda)
        self.air = Air(agenda, chance, loss)
        self.told: list[Told] = []
        self.outages: list[tuple[float, float]] = []
        self._folder = folder
        self._chance = chance
        self._receivers: dict[str, Callable[[bytes], None]] = {}
        self._rooms: _Rooms | None = None
        self._wake_s: float | None = None
        self._down_s = 0.0
        self._noise = 0

    @property
    def is_up(self) -> bool:
        """Whether the concentrator runs."""
        return self._rooms is not None

    async def start(self) -> None:
        """Power for the concentrator."""
        self._rooms = await _Rooms.open(self._folder, self)
        if self._down_s:
            self.outages.append((self._down_s, self.agenda.now_s))
        await self._watch()

    async def stop(self) -> None:
        """No power for it."""
        if self._rooms:
            rooms, self._rooms, self._down_s = self._rooms, None, self.agenda.now_s
            await rooms.close()

    async def enrol(self, household: str, zones: Sequence[Zone]) -> Link:
        """Keys for a node."""
        if self._rooms is None:
            raise RuntimeError("nobody is enrolled while the concentrator is down")
        return await self._rooms.keyring.enrol(1, household, tuple(zones))

    def connect(self, link: Link, receive: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """Join a node to the air; what takes its frames."""
        route = Route(NAME, f"{link.address.node}")
        self._receivers[route.peer] = receive
        return lambda frame: self.air.carry(lambda: self._arrive(Arrival(frame, route)))

    async def ask(self, household: str, action: Action, **how: object) -> Refusal | None:
        """What a person asks at the panel; ConnectionError while the concentrator is down."""
        if self._rooms is None:
            raise ConnectionError
        async with self._rooms.journal.change() as draft:
            answer = draft.ask(household, PersonSignal(action, "resident", **how))  # type: ignore[arg-type]  # its fields
        self._after()
        return answer.refusal

    def outage_over(self, began_s: float) -> None:
        """The air carries again, which it did not from `began_s` on."""
        self.outages.append((began_s, self.agenda.now_s))

    async def _arrive(self, arrival: Arrival) -> None:
        if self._rooms:
            await self._rooms.reception.receive([arrival])
            self._after()

    def send(self, route: Route, frame: bytes) -> None:
        """Bring a frame down to a node."""
        self.air.carry(lambda: self._receivers[route.peer](frame))

    async def _watch(self) -> None:
        rooms = self._rooms
        if rooms is None:
            return
        self.agenda.after(
            _SEEN_EVERY_S if self._is_calm() else _SEEN_OFTEN_S, lambda: self._watch() if rooms is self._rooms else None
        )
        await rooms.watchman.look()
        self._after()

    def _is_calm(self) -> bool:
        noise, self._noise = self._noise, self.air.faults
        faults = self._rooms.journal.building.faults if self._rooms else {}
        return self.air.is_calm and noise == self._noise and not any(fault.subject == NAME for fault in faults)

    def _after(self) -> None:
        """Note what was reported, and wake up the timekeeper when it is time."""
        if self._rooms is None:
            return
        now_s, day_ms = self.agenda.now_s, self.clock().wall_ms - self.agenda.now_s * 1000
        for report in self._rooms.new_reports():
            happened_s = None if report.event_at_ms is None else (report.event_at_ms - day_ms) / 1000
            self.told.append(Told(now_s, report, happened_s))
        due_s = self._rooms.journal.building.deadlines.next_s
        if due_s is not None and due_s != self._wake_s:
            self._wake_s = due_s
            self.agenda.after(
                max(due_s - self.clock().monotonic_s, 0) + self._chance.uniform(0, _LAG_S), self._keep_time
            )

    async def _keep_time(self) -> None:
        self._wake_s = None
        if self._rooms:
            await self._rooms.timekeeper.look()
            self._after()


class _Rooms:
    """What runs between two starts."""

    def __init__(self, keyring: Keyring, journal: Journal, building: Building) -> None:
        clock = building.clock
        supervision = Supervision()
        journal.building.premises = Furnished(keyring, supervision, Chosen())
        self.keyring, self.journal = keyring, journal
        self.timekeeper = Timekeeper(journal, journal.subscribe(), clock)
        gauges: list[LinkGauge] = []
        self.watchman = Watchman(journal, lambda: keyring.links, supervision, gauges, clock)
        self.reception = Reception(keyring.codec, keyring, journal, building.send, clock, self.watchman.heard)
        gauges.append(LinkGauge([building.air], self.reception.refused))
        self._read = journal.building.last_seq

    @classmethod
    async def open(cls, folder: Path, building: Building) -> _Rooms:
        """On the files of a folder."""
        keyring = Keyring.open(folder / "keyring.db")
        journal = await Journal.open(
            folder / "journal.db", building.clock, (_DESTINATION,), await keyring.journal_key()
        )
        return cls(keyring, journal, building)

    async def close(self) -> None:
        """As a loss of power leaves it: whatever was committed is there."""
        await self.journal.close()
        await self.keyring.close()

    def new_reports(self) -> list[Report]:
        """What was journalled since this was asked."""
        first, self._read = self._read + 1, self.journal.building.last_seq
        found = [self.journal.report(seq) for seq in range(first, self._read + 1)]
        return [report for report, _sha256 in filter(None, found)]
