"""What time alone changes is carried out in time: by the running service, after a restart, and when the disk works again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from anju.concentrator import timekeeper
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.panel import clockwork
from anju.concentrator.core.panel.signals import Action, Times
from anju.concentrator.core.panel.state import PanelState, Settling
from anju.concentrator.core.panel.timer import Timer, later
from anju.concentrator.timekeeper import Timekeeper
from anju.concentrator.turns import AGAIN_S, Turns
from anju.uplink.reports import PanelMode, ReportKind
from anju.wire.table import Code
from unit.concentrator.harness import HOUSEHOLD, Bench, HandClock, bench, running, until

pytestmark = pytest.mark.anyio

K = ReportKind
OTHER = "3-2-0502"


def keeper(rooms: Bench) -> Timekeeper:
    return Timekeeper(rooms.journal, rooms.journal.subscribe(), rooms.clock)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock does not wake anybody: look again and again."""
    monkeypatch.setattr(Timekeeper, "_pause_s", lambda _self: 0.005)
    monkeypatch.setattr(timekeeper, "TRY_AGAIN_S", 0.005)


@pytest.mark.usefixtures("_impatient")
async def test_every_household_is_looked_at_when_its_time_has_come(rooms: Bench) -> None:
    await rooms.enrol()
    await rooms.enrol(OTHER)
    async with running(keeper(rooms).run()):
        await rooms.ask(Action.ARM)
        rooms.clock.advance(10)
        await rooms.ask(Action.ARM, OTHER)
        rooms.clock.advance(Times().exit_s - 10)
        await until(lambda: rooms.kinds() == ["armed", "armed", "exit_ended"])
        assert rooms.reports()[-1].household == HOUSEHOLD
        rooms.clock.advance(10)
        await until(lambda: rooms.kinds()[3:] == ["exit_ended"])
        assert rooms.reports()[-1].household == OTHER


@pytest.mark.usefixtures("_impatient")
async def test_a_disk_that_fails_for_a_while_delays_it_and_loses_nothing(rooms: Bench) -> None:
    await rooms.enrol()
    async with running(keeper(rooms).run()):
        await rooms.ask(Action.ARM)
        with rooms.disk.refuses():
            rooms.clock.advance(Times().exit_s)
            await until(lambda: rooms.disk.refused)
            assert rooms.kinds() == ["armed"]
        await until(lambda: rooms.kinds() == ["armed", "exit_ended"])


async def test_what_came_due_while_nobody_ran_is_carried_out_at_once(tmp_path: Path) -> None:
    """An alarm that was about to be raised when the power went is raised when it is back."""
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node = await rooms.enrol()
        await rooms.arm(PanelMode.AWAY)
        await rooms.receive(node, node.event(Code.OPENED, levels=1))
        clock.advance(Times().entry_s)
        await rooms.look()
        assert rooms.kinds()[-1] == "alarm_pending"
    clock.advance(3600)
    async with bench(tmp_path, clock) as rooms, running(keeper(rooms).run()):
        await until(lambda: "intrusion_alarm" in rooms.kinds())


async def test_after_a_restart_only_what_is_due_is_looked_at(tmp_path: Path) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        await rooms.enrol()
        await rooms.arm(PanelMode.AWAY)
    clock.now = clock.now._replace(monotonic_s=10.0, boot="another")
    async with bench(tmp_path, clock) as rooms:
        await keeper(rooms).look()
        assert rooms.kinds() == ["armed", "exit_ended"]


@pytest.fixture
def _trips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at one household's panel runs into a fault of ours."""
    look = Draft.look

    def trip(draft: Draft, household: str, **how: bool) -> PanelState:
        if household == HOUSEHOLD and draft.panel(household).timer:
            raise ZeroDivisionError
        return look(draft, household, **how)

    monkeypatch.setattr(Draft, "look", trip)


async def _two_are_away(rooms: Bench) -> Timekeeper:
    for household in (HOUSEHOLD, OTHER):
        await rooms.enrol(household)
        await rooms.ask(Action.ARM, household)
    rooms.clock.advance(Times().exit_s)
    return keeper(rooms)


@pytest.mark.usefixtures("_trips")
async def test_one_panel_that_fails_holds_up_no_other(rooms: Bench) -> None:
    timekeeper = await _two_are_away(rooms)
    with capture_logs() as logs:
        await timekeeper.look()
        assert [(one.household, one.kind.value) for one in rooms.reports()[2:]] == [(OTHER, "exit_ended")]
        for _ in range(3):
            rooms.clock.advance(AGAIN_S)
            await timekeeper.look()
    errors = [log for log in logs if log["log_level"] == "error"]
    assert [(log["household"], log["error"]) for log in errors] == [(HOUSEHOLD, "ZeroDivisionError()")]
    assert errors[0]["exc_info"]


async def test_it_is_tried_again_and_then_comes_true(rooms: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    timekeeper = await _two_are_away(rooms)
    with monkeypatch.context() as patch, capture_logs():
        patch.setattr(Draft, "look", lambda _draft, _household: 1 / 0)
        await timekeeper.look()
    assert len(rooms.reports()) == 2
    rooms.clock.advance(AGAIN_S - 1)
    await timekeeper.look()
    assert len(rooms.reports()) == 2
    rooms.clock.advance(1)
    with capture_logs() as logs:
        await timekeeper.look()
    assert rooms.kinds()[2:] == ["exit_ended", "exit_ended"]
    assert {log["household"] for log in logs} == {HOUSEHOLD, OTHER}


async def test_a_deadline_that_stays_due_does_not_keep_the_loop_busy(rooms: Bench) -> None:
    await rooms.enrol()
    rooms.journal.building.deadlines.set("3-9-0901", rooms.clock.now.monotonic_s)
    with capture_logs() as logs:
        await keeper(rooms).look()
    assert ["stays due" in log["error"] for log in logs] == [True]
    assert rooms.journal.building.deadlines.next_s == rooms.clock.now.monotonic_s + AGAIN_S


async def test_who_calls_for_help_is_heard_whatever_is_wrong_with_what_is_due(
    rooms: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await rooms.enrol()
    await rooms.ask(Action.ARM)
    rooms.clock.advance(Times().exit_s)
    monkeypatch.setattr(clockwork, "_phase_over", lambda *_: 1 / 0)
    with capture_logs():
        await keeper(rooms).look()
        await rooms.receive(node, node.event(Code.OPENED, levels=1))
        assert rooms.kinds() == ["armed"]
        await rooms.receive(node, node.press())
    assert rooms.kinds() == ["armed", "hold_up_alarm"]


async def test_deadlines_of_one_household_may_come_while_the_one_before_is_committed(
    rooms: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nodes that have got their power back settle some milliseconds apart."""
    node = await rooms.enrol()
    await rooms.ask(Action.ARM)
    rooms.clock.advance(Times().exit_s)
    await rooms.receive(node, node.event(Code.OPENED, levels=1))
    entry = rooms.journal.building.panels[HOUSEHOLD].timer
    assert entry
    async with rooms.journal.change() as draft:
        settling = Settling(9, 9, Timer(later(entry.since, 0.005), entry.lasts_s))
        draft.panels[HOUSEHOLD] = replace(draft.panel(HOUSEHOLD), settling=(settling,))
    take = Turns.take

    async def take_long(turns: Turns, households: Sequence[str]) -> None:
        await take(turns, households)
        rooms.clock.advance(0.01)

    monkeypatch.setattr(Turns, "take", take_long)
    timekeeper = keeper(rooms)
    rooms.clock.advance(Times().entry_s)
    with capture_logs() as logs:
        await timekeeper.look()
        rooms.clock.advance(Times().abort_s)
        await timekeeper.look()
    assert not logs
    assert rooms.kinds()[-2:] == ["alarm_pending", "intrusion_alarm"]
