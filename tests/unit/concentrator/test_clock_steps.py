"""Somebody sets the clock of the concentrator: nothing fires, nothing is lost, and nobody is judged by a time that never was."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.concentrator.core.panel.signals import Action, Times
from anju.uplink.reports import PanelMode, ReportKind, TroubleKind
from anju.wire.table import Code
from unit.concentrator.harness import HOUSEHOLD, Bench, HandClock, bench

pytestmark = pytest.mark.anyio

HOUR_S = 3600
STEPS = [HOUR_S, -HOUR_S]


def step(rooms: Bench, seconds: float) -> None:
    rooms.clock.now = rooms.clock.now._replace(wall_ms=rooms.clock.now.wall_ms + int(seconds * 1000))


@pytest.mark.parametrize("seconds", STEPS)
async def test_it_is_trouble_once_and_no_timer_ends_or_lasts_longer(rooms: Bench, seconds: float) -> None:
    await rooms.enrol()
    await rooms.ask(Action.ARM)
    step(rooms, seconds)
    await rooms.look()
    rooms.clock.advance(Times().exit_s - 1)
    await rooms.look()
    assert rooms.kinds() == ["armed", "trouble"]
    assert rooms.reports()[-1].trouble is TroubleKind.CLOCK_STEPPED
    rooms.clock.advance(1)
    await rooms.look()
    assert rooms.kinds()[2:] == ["exit_ended"]


@pytest.mark.parametrize("seconds", STEPS)
@pytest.mark.parametrize("is_machine", [False, True])
async def test_it_is_noticed_after_a_start_unless_the_machine_was_started(
    tmp_path: Path, seconds: float, is_machine: bool
) -> None:
    """With the machine its monotonic clock began anew, and nothing tells what the wall clock was."""
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        await rooms.enrol()
        await rooms.ask(Action.RESET)
    step(rooms, seconds)
    if is_machine:
        clock.now = clock.now._replace(monotonic_s=1.0, boot="another")
    async with bench(tmp_path, clock) as rooms:
        for _ in range(2):
            await rooms.ask(Action.RESET)
        troubles = [report.trouble for report in rooms.reports() if report.trouble]
    assert troubles == ([] if is_machine else [TroubleKind.CLOCK_STEPPED])


async def test_a_clock_that_is_brought_into_step_slowly_is_no_trouble(rooms: Bench) -> None:
    await rooms.enrol()
    for _ in range(100):
        step(rooms, 0.5)
        rooms.clock.advance(1)
        await rooms.ask(Action.RESET)
    assert set(rooms.kinds()) == {"latch_reset"}


@pytest.mark.parametrize("seconds", STEPS)
async def test_what_was_just_now_by_the_old_clock_was_just_now(rooms: Bench, seconds: float) -> None:
    """Before, the household was armed, and its people are home and air it."""
    node = await rooms.enrol()
    await rooms.arm(PanelMode.AWAY)
    await rooms.receive(node, node.heartbeat())
    rooms.clock.advance(600)
    await rooms.ask(Action.DISARM)
    old_s = rooms.clock.unix_s
    step(rooms, seconds)
    await rooms.receive(node, node.event(Code.OPENED, time_s=old_s))
    opened = rooms.reports()[-1]
    assert (opened.kind, opened.time_doubtful, opened.delayed) == (ReportKind.OPENED, False, False)
    assert abs((opened.event_at_ms or 0) - rooms.clock.now.wall_ms) < 1000


@pytest.mark.parametrize("seconds", STEPS)
async def test_what_was_long_ago_by_the_old_clock_is_judged_by_the_strictest_mode(rooms: Bench, seconds: float) -> None:
    """Before, the household was off for an hour, and by the old clock the door was opened then."""
    node = await rooms.enrol()
    await rooms.receive(node, node.heartbeat())
    rooms.clock.advance(2 * HOUR_S)
    await rooms.arm(PanelMode.AWAY)
    rooms.clock.advance(60)
    old_s = rooms.clock.unix_s
    step(rooms, seconds)
    await rooms.receive(node, node.event(Code.OPENED, time_s=old_s - 120))
    opened = next(report for report in rooms.reports() if report.zone)
    assert (opened.kind, opened.time_doubtful) == (ReportKind.ENTRY_STARTED, True)
    assert [report.trouble for report in rooms.reports() if report.trouble] == [TroubleKind.CLOCK_STEPPED]


@pytest.mark.parametrize("seconds", STEPS)
async def test_once_it_has_heard_of_the_new_clock_its_word_counts(rooms: Bench, seconds: float) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.heartbeat())
    step(rooms, seconds)
    await rooms.receive(node, node.heartbeat())
    rooms.clock.advance(HOUR_S)
    await rooms.receive(node, node.event(Code.OPENED, time_s=rooms.clock.unix_s - 600))
    opened = rooms.reports()[-1]
    assert (opened.delayed, opened.time_doubtful) == (True, False)


@pytest.mark.parametrize("seconds", STEPS)
async def test_what_was_armed_then_is_told_by_the_new_clock(rooms: Bench, seconds: float) -> None:
    node = await rooms.enrol()
    await rooms.arm(PanelMode.AWAY)
    rooms.clock.advance(2 * HOUR_S)
    await rooms.ask(Action.DISARM)
    step(rooms, seconds)
    await rooms.look()
    await rooms.receive(node, node.heartbeat())
    rooms.clock.advance(HOUR_S)
    for ago_s, kind in ((HOUR_S - 60, "opened"), (2 * HOUR_S, "intrusion_alarm"), (4 * HOUR_S, "opened")):
        await rooms.receive(node, node.event(Code.OPENED, time_s=rooms.clock.unix_s - ago_s))
        assert rooms.kinds()[-1] == kind
    assert rooms.journal.building.panels[HOUSEHOLD].mode is PanelMode.OFF
