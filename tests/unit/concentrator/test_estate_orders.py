"""What a guard asks of a household's panel: decided as if a person here had asked, once, within its time, with who and why."""

from __future__ import annotations

from typing import Any

import pytest

from anju.concentrator.core.panel.signals import Action
from anju.concentrator.core.panel.source import Contact
from anju.uplink.commands import PANEL_VALID_S, CommandKind, EstateCommand, ZoneRef
from anju.uplink.reports import Lane, NodeAddress, OutcomeKind, PanelMode, Refusal, Report, ReportKind, ZoneKind
from anju.wire.table import ArmMode, Code
from unit.concentrator.harness import BUTTON, DOOR, HOUSEHOLD, Bench, FarNode

pytestmark = pytest.mark.anyio

K, C = ReportKind, CommandKind
NUMBER = 1_790_000_001
REASON = "Li Na has called from the gate"


async def home(rooms: Bench) -> FarNode:
    """A household whose newest report is number 1."""
    node = await rooms.enrol()
    await rooms.receive(node, node.event(Code.CLOSED))
    return node


def order(rooms: Bench, kind: CommandKind, number: int = NUMBER, **how: Any) -> EstateCommand:
    return rooms.command(kind, 1, number, **{"valid_s": PANEL_VALID_S, "reason": REASON} | how)


def zone(node: FarNode, number: int) -> ZoneRef:
    return ZoneRef(node=NodeAddress(network=node.address.network, node=node.address.node), number=number)


def outcomes(rooms: Bench) -> list[tuple[OutcomeKind, Refusal | None]]:
    return [(one.outcome.outcome, one.outcome.refusal) for one in rooms.reports() if one.outcome]


def told(rooms: Bench, kind: ReportKind) -> Report:
    (found,) = [one for one in rooms.reports() if one.kind is kind]
    return found


@pytest.mark.parametrize(
    ("kind", "mode", "report"),
    [
        (C.ARM_AWAY, PanelMode.AWAY, K.ARMED),
        (C.ARM_HOME, PanelMode.HOME, K.ARMED),
        (C.DISARM, PanelMode.OFF, K.DISARMED),
    ],
)
async def test_arming_and_disarming_name_who_and_why(
    rooms: Bench, kind: CommandKind, mode: PanelMode, report: ReportKind
) -> None:
    await home(rooms)
    await rooms.downlink.accept([order(rooms, kind)])
    assert rooms.journal.building.panels[HOUSEHOLD].mode is mode
    assert (told(rooms, report).person, told(rooms, report).reason) == ("Wang Wei", REASON)
    assert outcomes(rooms) == [(OutcomeKind.DONE, None)]


@pytest.mark.parametrize("mode", [PanelMode.AWAY, PanelMode.OFF])
async def test_duress_is_a_disarming_in_appearance_and_calls_for_help(rooms: Bench, mode: PanelMode) -> None:
    """A guard types it who was given the resident's word."""
    node = await home(rooms)
    await rooms.arm(mode)
    before = len(rooms.reports())
    await rooms.downlink.accept([order(rooms, C.DURESS)])
    panel = rooms.journal.building.panels[HOUSEHOLD]
    assert (panel.mode, panel.sounding, panel.latched) == (PanelMode.OFF, None, frozenset({ZoneKind.SILENT_HOLD_UP}))
    alarm, disarmed, outcome = rooms.reports()[before:]
    assert (alarm.kind, alarm.lane, alarm.person, alarm.reason) == (K.DURESS_ALARM, Lane.PANIC, "Wang Wei", REASON)
    assert (disarmed.kind, disarmed.lane) == (K.DISARMED, Lane.ROUTINE)
    assert outcome.outcome is not None
    assert (outcome.outcome.outcome, outcome.outcome.refusal) == (OutcomeKind.DONE, None)
    assert not rooms.sent[1:], "nothing goes to the household"
    (ack,) = await rooms.acks(node, node.heartbeat())
    assert ack.arm_mode == ArmMode.OFF


async def test_a_zone_is_left_out_and_taken_in_again(rooms: Bench) -> None:
    node = await home(rooms)
    await rooms.downlink.accept([order(rooms, C.BYPASS, zone=zone(node, DOOR), lasts_s=3600)])
    assert rooms.journal.building.panels[HOUSEHOLD].is_bypassed(Contact(*node.address, DOOR))
    bypassed = told(rooms, K.BYPASSED)
    assert (bypassed.person, bypassed.reason) == ("Wang Wei", REASON)
    assert bypassed.until_ms == rooms.clock.now.wall_ms + 3_600_000
    await rooms.downlink.accept([order(rooms, C.UNBYPASS, NUMBER + 1, zone=zone(node, DOOR))])
    assert not rooms.journal.building.panels[HOUSEHOLD].bypasses
    assert outcomes(rooms) == [(OutcomeKind.DONE, None)] * 2


async def test_test_begins_and_ends(rooms: Bench) -> None:
    await home(rooms)
    await rooms.downlink.accept([order(rooms, C.TEST, lasts_s=1800)])
    test = rooms.journal.building.panels[HOUSEHOLD].test
    assert test is not None
    assert (test.lasts_s, test.person) == (1800, "Wang Wei")
    await rooms.downlink.accept([order(rooms, C.TEST_END, NUMBER + 1)])
    assert rooms.journal.building.panels[HOUSEHOLD].test is None
    assert outcomes(rooms) == [(OutcomeKind.DONE, None)] * 2


async def test_what_the_panel_refuses_says_why_and_changes_nothing(rooms: Bench) -> None:
    node = await home(rooms)
    await rooms.receive(node, node.event(Code.OPENED, levels=1))
    commands = [
        order(rooms, C.ARM_HOME, NUMBER),
        order(rooms, C.BYPASS, NUMBER + 1, zone=zone(node, BUTTON)),
        order(rooms, C.BYPASS, NUMBER + 2, zone=zone(node, 9)),
        order(rooms, C.UNBYPASS, NUMBER + 3, zone=zone(node, DOOR)),
        order(rooms, C.TEST_END, NUMBER + 4),
    ]
    await rooms.downlink.accept(commands)
    assert outcomes(rooms) == [
        (OutcomeKind.REFUSED, Refusal.NOT_READY),
        (OutcomeKind.REFUSED, Refusal.NOT_BYPASSABLE),
        (OutcomeKind.REFUSED, Refusal.NO_SUCH_ZONE),
        (OutcomeKind.REFUSED, Refusal.NOT_BYPASSED),
        (OutcomeKind.REFUSED, Refusal.NOT_ON_TEST),
    ]
    panel = rooms.journal.building.panels[HOUSEHOLD]
    assert (panel.mode, panel.bypasses, panel.test) == (PanelMode.OFF, (), None)
    assert told(rooms, K.ARM_REFUSED).warnings
    await rooms.downlink.accept([order(rooms, C.ARM_HOME, NUMBER + 5, anyway=True)])
    assert rooms.journal.building.panels[HOUSEHOLD].mode is PanelMode.HOME


async def test_one_that_lacks_what_it_needs_is_refused(rooms: Bench) -> None:
    node = await home(rooms)
    door = zone(node, DOOR)
    incomplete: list[tuple[CommandKind, dict[str, Any]]] = [
        (C.BYPASS, {"zone": None}),
        (C.BYPASS, {"zone": door, "reason": None}),
        (C.UNBYPASS, {"zone": None}),
        (C.TEST, {"lasts_s": None}),
        (C.TEST, {"lasts_s": 59}),
        (C.TEST, {"lasts_s": 8 * 3600 + 1}),
    ]
    before = len(rooms.reports())
    await rooms.downlink.accept([order(rooms, kind, NUMBER + at, **how) for at, (kind, how) in enumerate(incomplete)])
    assert outcomes(rooms) == [(OutcomeKind.REFUSED, Refusal.NOT_UNDERSTOOD)] * len(incomplete)
    assert len(rooms.reports()) == before + len(incomplete)
    assert not rooms.journal.building.panels[HOUSEHOLD].bypasses


@pytest.mark.parametrize("kind", [C.DISARM, C.DURESS, C.BYPASS, C.TEST, C.RESET])
async def test_one_that_comes_too_late_does_nothing(rooms: Bench, kind: CommandKind) -> None:
    node = await home(rooms)
    await rooms.arm(PanelMode.AWAY)
    late = order(rooms, kind, zone=zone(node, DOOR), lasts_s=600)
    rooms.clock.advance(PANEL_VALID_S + 1)
    before = rooms.journal.building.panels[HOUSEHOLD]
    await rooms.downlink.accept([late])
    assert outcomes(rooms) == [(OutcomeKind.EXPIRED, None)]
    assert rooms.journal.building.panels[HOUSEHOLD] == before


async def test_one_that_comes_again_is_not_carried_out_again(rooms: Bench) -> None:
    await home(rooms)
    disarm = order(rooms, C.DISARM)
    await rooms.downlink.accept([disarm])
    await rooms.ask(Action.ARM, mode=PanelMode.AWAY)
    await rooms.downlink.accept([disarm, disarm])
    assert rooms.journal.building.panels[HOUSEHOLD].mode is PanelMode.AWAY
    assert len(outcomes(rooms)) == 1


async def test_one_for_another_household_than_its_reports_does_nothing(rooms: Bench) -> None:
    await home(rooms)
    await rooms.enrol("3-2-0502")
    await rooms.arm(PanelMode.AWAY, "3-2-0502")
    await rooms.downlink.accept([order(rooms, C.DISARM, household="3-2-0502")])
    assert outcomes(rooms) == [(OutcomeKind.REFUSED, None)]
    assert rooms.journal.building.panels["3-2-0502"].mode is PanelMode.AWAY
