"""What a node's event leads to, all the way: reports, latches that stay, and each household for itself (invariants I4, I5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.concentrator.core.panel.signals import Action, Times
from anju.uplink.reports import PanelMode, ReportKind, ZoneKind
from anju.wire.table import Code
from unit.concentrator.harness import BUTTON, CASE, HOUSEHOLD, Bench, HandClock, bench

HOLD_UP, TAMPER, ENTRY = ZoneKind.HOLD_UP, ZoneKind.TAMPER, ZoneKind.ENTRY
K = ReportKind


@pytest.mark.anyio
async def test_somebody_comes_in_and_does_not_disarm(rooms: Bench) -> None:
    """What is due is carried out whether a deadline, an event or a person makes somebody look."""
    node = await rooms.enrol()
    await rooms.arm(PanelMode.AWAY)
    await rooms.receive(node, node.event(Code.OPENED, levels=1))
    rooms.clock.advance(Times().entry_s)
    await rooms.receive(node, node.heartbeat(levels=1))
    await rooms.look()
    rooms.clock.advance(Times().abort_s)
    await rooms.look()
    told = [(report.kind, report.rule) for report in rooms.reports()]
    assert [kind for kind, _ in told] == [
        K.ARMED, K.EXIT_ENDED, K.ENTRY_STARTED, K.ALARM_PENDING, K.INTRUSION_ALARM
    ]  # fmt: skip
    alarm = rooms.reports()[-1]
    assert alarm.zone is not None
    assert (alarm.zone.name, alarm.node and alarm.node.node) == ("front-door", node.address.node)
    assert alarm.event_at_ms == rooms.reports()[2].event_at_ms


@pytest.mark.anyio
async def test_latches_and_modes_survive_a_restart(tmp_path: Path) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node = await rooms.enrol()
        await rooms.arm(PanelMode.AWAY)
        await rooms.receive(node, node.press(), node.event(Code.TAMPERED, CASE), node.event(Code.OPENED))
        await rooms.comes_in_and_stays()
        before = rooms.journal.building.panels
        assert before[HOUSEHOLD].latched == {HOLD_UP, TAMPER, ENTRY}
    async with bench(tmp_path, clock) as rooms:
        assert rooms.journal.building.panels == before
        await rooms.ask(Action.DISARM)
        await rooms.receive(node, node.event(Code.TAMPER_RESTORED, CASE), node.event(Code.CLOSED))
        assert rooms.journal.building.panels[HOUSEHOLD].latched == {HOLD_UP, TAMPER, ENTRY}
        await rooms.ask(Action.RESET)
        assert not rooms.journal.building.panels[HOUSEHOLD].latched


@pytest.mark.anyio
async def test_a_press_is_over_when_it_is_reset_and_keeps_nobody_from_arming(rooms: Bench) -> None:
    """A node tells of a press and not of the release: its level stays until the next heartbeat."""
    node = await rooms.enrol()
    await rooms.receive(node, node.press(levels=1 << BUTTON))
    await rooms.ask(Action.RESET)
    assert not rooms.journal.building.panels[HOUSEHOLD].latched
    assert await rooms.ask(Action.ARM, mode=PanelMode.HOME) is None


@pytest.mark.anyio
async def test_every_press_is_reported_however_often(rooms: Bench) -> None:
    """The duty room counts them in one incident; here none is swallowed because the latch is set."""
    node = await rooms.enrol()
    for _ in range(5):
        await rooms.receive(node, node.press())
    assert rooms.kinds() == 5 * ["hold_up_alarm"]
    assert len({report.event_id for report in rooms.reports()}) == 5


@pytest.mark.anyio
async def test_reports_say_where_it_was_and_how_the_panel_stands(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.event(Code.TAMPERED, CASE), node.event(Code.PANIC, BUTTON))
    tampered, pressed = rooms.reports()
    assert tampered.zone is not None
    assert pressed.zone is not None
    assert (tampered.zone.name, pressed.zone.name) == ("case", "bedside")
    assert tampered.panel is not None
    assert pressed.panel is not None
    assert tampered.panel.latched == (TAMPER,)
    assert pressed.panel.latched == (HOLD_UP, TAMPER)
    assert pressed.panel.mode is PanelMode.OFF
    assert pressed.event_at_ms == rooms.clock.now.wall_ms


@pytest.mark.anyio
async def test_households_do_not_share_a_panel(rooms: Bench) -> None:
    node, neighbour = await rooms.enrol(), await rooms.enrol("3-2-0502")
    await rooms.receive(node, node.press())
    await rooms.receive(neighbour, neighbour.event(Code.CLOSED))
    assert not rooms.journal.building.panels["3-2-0502"].latched
