"""A household that is armed by the clock: as the person who set it would arm it, once, and never disarmed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from anju.concentrator.core.draft import Answer, Draft
from anju.concentrator.core.panel.schedule import MOST_ENTRIES
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.schedule.requests import ScheduleRequests
from anju.concentrator.schedule.room import Schedules
from anju.ledger import LedgerError
from anju.service.errors import ServiceError
from anju.uplink.reports import PanelMode, ReportKind
from anju.wire.table import Code
from unit.concentrator.harness import HOUSEHOLD, Bench, HandClock, bench, running, until

pytestmark = pytest.mark.anyio

K = ReportKind
SHANGHAI = ZoneInfo("Asia/Shanghai")
EVENING = 22 * 60 + 30
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


class Clockwork:
    """The room and its requests, over the rooms of a bench."""

    def __init__(self, rooms: Bench) -> None:
        self.rooms = rooms
        self.room = Schedules(rooms.journal, rooms.clock, SHANGHAI)
        self._handlers = ScheduleRequests(
            self.room, rooms.journal, lambda request: str(request["household"]), rooms.clock
        ).handlers

    async def ask(self, do: str = "schedule", **request: Any) -> dict[str, Any]:
        return await self._handlers[do]({"household": HOUSEHOLD} | request, "Li Na")

    async def add(self, **changed: Any) -> None:
        """Every evening, somebody at home, unless something else is said."""
        await self.ask("schedule_add", **{"days": EVERY_DAY, "minute": EVENING, "mode": "home"} | changed)

    async def wait_until(self, time: str, *, step_s: int = 60) -> None:
        """Let time pass to the next such time of day, and look all the while."""
        while self.time() != time:
            self.rooms.clock.advance(step_s)
            await self.room.look()

    def time(self) -> str:
        return datetime.fromtimestamp(self.rooms.clock.now.wall_ms / 1000, SHANGHAI).strftime("%H:%M")

    @property
    def mode(self) -> PanelMode:
        return self.rooms.journal.building.panels[HOUSEHOLD].mode

    def kinds(self) -> list[ReportKind]:
        return [one.kind for one in self.rooms.reports() if one.schedule]


async def test_it_arms_as_the_person_who_has_set_it(rooms: Bench) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    await clockwork.add()
    await clockwork.wait_until("22:29")
    assert clockwork.kinds() == [K.SCHEDULE_ADDED]
    await clockwork.wait_until("22:30")
    armed = rooms.reports()[-1]
    assert (armed.kind, armed.person, clockwork.mode) == (K.ARMED, "Li Na", PanelMode.HOME)
    assert armed.schedule is not None
    assert armed.schedule.minute == EVENING
    await clockwork.wait_until("22:29")
    assert clockwork.kinds() == [K.SCHEDULE_ADDED, K.ARMED]


async def test_it_arms_each_evening_whatever_was_disarmed(rooms: Bench) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    await clockwork.add(mode="away")
    modes = []
    for _ in range(3):
        await clockwork.wait_until("22:30")
        modes.append(clockwork.mode)
        await rooms.ask(Action.DISARM)
        await clockwork.wait_until("22:31")
        modes.append(clockwork.mode)
    assert modes == [PanelMode.AWAY, PanelMode.OFF] * 3
    assert clockwork.kinds().count(K.ARMED) == 3


async def test_where_it_is_not_ready_it_is_not_armed_and_that_is_reported(rooms: Bench) -> None:
    node = await rooms.enrol()
    clockwork = Clockwork(rooms)
    await clockwork.add()
    await rooms.receive(node, node.event(Code.OPENED, levels=1))
    await clockwork.wait_until("22:30")
    refused = rooms.reports()[-1]
    assert (refused.kind, refused.person, clockwork.mode) == (K.ARM_REFUSED, "Li Na", PanelMode.OFF)
    assert refused.schedule is not None
    assert refused.warnings
    assert refused.warnings[0].zone.name == "front-door"


async def test_with_anyway_what_is_open_is_left_out(rooms: Bench) -> None:
    node = await rooms.enrol()
    clockwork = Clockwork(rooms)
    await clockwork.add(anyway=True)
    await rooms.receive(node, node.event(Code.OPENED, levels=1))
    await clockwork.wait_until("22:30")
    assert clockwork.mode is PanelMode.HOME
    assert [one.source.name for one in rooms.journal.building.panels[HOUSEHOLD].bypasses] == ["front-door"]


@pytest.mark.parametrize("mode", [PanelMode.AWAY, PanelMode.HOME])
async def test_whoever_is_armed_stays_as_they_are(rooms: Bench, mode: PanelMode) -> None:
    """Home to away would let everybody leave once more, away to home would guard less."""
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    await clockwork.add(mode="away")
    await clockwork.add(mode="home")
    await rooms.arm(mode)
    before = rooms.journal.building.panels[HOUSEHOLD]
    await clockwork.wait_until("22:31")
    assert rooms.journal.building.panels[HOUSEHOLD] == before
    assert clockwork.kinds() == [K.SCHEDULE_ADDED] * 2


@pytest.mark.parametrize(("down_s", "kind"), [(14 * 60, K.ARMED), (16 * 60, K.ARM_MISSED)])
async def test_what_a_service_that_was_down_has_missed(tmp_path: Path, down_s: int, kind: ReportKind) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        await rooms.enrol()
        clockwork = Clockwork(rooms)
        await clockwork.add()
        await clockwork.wait_until("22:29")
    clock.advance(60 + down_s)
    for _ in range(2):  # and another restart does nothing more
        async with bench(tmp_path, clock) as rooms:
            clockwork = Clockwork(rooms)
            await clockwork.room.look()
            assert clockwork.kinds() == [K.SCHEDULE_ADDED, kind]
    if kind is K.ARM_MISSED:
        async with bench(tmp_path, clock) as rooms:
            missed = rooms.reports()[-1]
            assert missed.event_at_ms == clock.now.wall_ms - down_s * 1000 - clock.now.wall_ms % 60_000
            assert HOUSEHOLD not in rooms.journal.building.panels or Clockwork(rooms).mode is PanelMode.OFF


@pytest.mark.parametrize("step_s", [-3600, 3600])
async def test_a_clock_that_is_set_by_an_hour_arms_nobody_twice(rooms: Bench, step_s: int) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    await clockwork.add()
    await clockwork.wait_until("22:30")
    await rooms.ask(Action.DISARM)
    now = rooms.clock.now
    rooms.clock.now = now._replace(wall_ms=now.wall_ms + step_s * 1000)
    await clockwork.room.look()
    await clockwork.wait_until("22:29")
    assert clockwork.kinds() == [K.SCHEDULE_ADDED, K.ARMED]
    await clockwork.wait_until("22:30")
    assert clockwork.kinds().count(K.ARMED) == (1 if step_s < 0 else 2)


async def test_a_clock_that_is_set_over_it_tells_that_it_was_missed(rooms: Bench) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    await clockwork.wait_until("22:00")
    await clockwork.add()
    now = rooms.clock.now
    rooms.clock.now = now._replace(wall_ms=now.wall_ms + 3_600_000)
    await clockwork.room.look()
    assert clockwork.kinds() == [K.SCHEDULE_ADDED, K.ARM_MISSED]


async def test_it_is_dealt_with_and_armed_in_one_commit_or_not_at_all(rooms: Bench) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    await clockwork.add()
    await clockwork.wait_until("22:29")
    rooms.clock.advance(60)
    before = rooms.rows()
    with rooms.disk.refuses(), pytest.raises(LedgerError):
        await clockwork.room.look()
    assert rooms.rows() == before
    await clockwork.room.look()
    assert clockwork.mode is PanelMode.HOME


async def test_one_household_that_fails_holds_up_no_other(rooms: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    other, clockwork, ask = "3-2-0502", Clockwork(rooms), Draft.ask

    def trip(draft: Draft, household: str, signal: PersonSignal) -> Answer:
        return 1 / 0 if household == HOUSEHOLD else ask(draft, household, signal)  # type: ignore[return-value]

    for household in (HOUSEHOLD, other):
        await rooms.enrol(household)
        await clockwork.add(household=household)
    monkeypatch.setattr(Draft, "ask", trip)
    with capture_logs() as logs:
        await clockwork.wait_until("22:30")
        assert [one.household for one in rooms.reports() if one.kind is K.ARMED] == [other]
        await clockwork.wait_until("22:34")
    assert [log["household"] for log in logs] == [HOUSEHOLD]
    assert clockwork.room._pause_s() > 1, "and the loop is not busy with it"
    monkeypatch.setattr(Draft, "ask", ask)
    with capture_logs():
        await clockwork.wait_until("22:36")
    assert [one.household for one in rooms.reports() if one.kind is K.ARMED] == [other, HOUSEHOLD]


async def test_the_loop_arms_when_a_new_entry_is_due(rooms: Bench) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    async with running(clockwork.room.run()):
        await clockwork.add()
        while clockwork.time() != "22:30":
            rooms.clock.advance(60)
        clockwork.room.tell()
        await until(lambda: K.ARMED in clockwork.kinds())


async def test_what_was_set_is_listed_kept_and_removed(tmp_path: Path) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        await rooms.enrol()
        clockwork = Clockwork(rooms)
        await clockwork.add(days=[5, 1, 1])
        await clockwork.add(mode="away", anyway=True)
    async with bench(tmp_path, clock) as rooms:
        clockwork = Clockwork(rooms)
        first, second = (await clockwork.ask())["schedule"]
        assert (first["days"], first["mode"], first["person"], first["anyway"]) == ([1, 5], "home", "Li Na", False)
        assert (second["number"], second["mode"], second["anyway"]) == (2, "away", True)
        assert second["next_ms"] > clock.now.wall_ms
        assert (await clockwork.ask("schedule_remove", number=1))["schedule"] == [second]
        removed = rooms.reports()[-1]
        assert (removed.kind, removed.person) == (K.SCHEDULE_REMOVED, "Li Na")
        await clockwork.add()
        assert [one["number"] for one in (await clockwork.ask())["schedule"]] == [2, 3]
        with pytest.raises(ServiceError, match="no entry with this number"):
            await clockwork.ask("schedule_remove", number=1)


@pytest.mark.parametrize("mode", ["off", "disarm"])
async def test_the_clock_never_disarms(rooms: Bench, mode: str) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    with pytest.raises(ServiceError, match="The clock never disarms: only a person may take protection away"):
        await clockwork.add(mode=mode)
    assert (await clockwork.ask())["schedule"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": []}, {"days": [0]}, {"days": [8]}, {"days": "mon"}, {"days": [[1]]}, {"days": None}, {"days": [True]},
        {"minute": -1}, {"minute": 1440}, {"minute": "22:30"}, {"minute": None}, {"mode": "loud"}, {"mode": None},
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(rooms: Bench, wrong: dict[str, Any]) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    with pytest.raises(ServiceError, match="Nothing was changed"):
        await clockwork.add(**wrong)
    assert rooms.reports() == []


async def test_a_household_has_so_many_entries_at_most(rooms: Bench) -> None:
    await rooms.enrol()
    clockwork = Clockwork(rooms)
    for minute in range(MOST_ENTRIES):
        await clockwork.add(minute=minute)
    with pytest.raises(ServiceError, match="16 entries already"):
        await clockwork.add()
