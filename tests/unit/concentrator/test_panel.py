"""What an event means to a household: the table, the latches, and who may end them (invariants I4 and I5)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.decide import Action, Decision, OnTestSignal, PersonSignal, ZoneSignal, decide
from anju.concentrator.core.panel.state import MODES_KEPT, PRESSES_KEPT, TESTS_KEPT, Contact, PanelState
from anju.concentrator.core.panel.table import ZONE_ROWS
from anju.uplink.reports import ALARMS, Lane, PanelMode, ReportKind, ZoneKind
from anju.wire.table import Code
from unit.concentrator.harness import BUTTON, CASE, HOUSEHOLD, Bench, HandClock, bench

OFF, HOME, AWAY = PanelMode.OFF, PanelMode.HOME, PanelMode.AWAY
HOLD_UP, TAMPER, ENTRY = ZoneKind.HOLD_UP, ZoneKind.TAMPER, ZoneKind.ENTRY
MODES = st.sampled_from(PanelMode)


@pytest.mark.parametrize(
    ("code", "mode", "kind", "lane", "latches"),
    [
        (Code.PANIC, OFF, ReportKind.HOLD_UP_ALARM, Lane.PANIC, {HOLD_UP}),
        (Code.PANIC, HOME, ReportKind.HOLD_UP_ALARM, Lane.PANIC, {HOLD_UP}),
        (Code.PANIC, AWAY, ReportKind.HOLD_UP_ALARM, Lane.PANIC, {HOLD_UP}),
        (Code.TAMPERED, OFF, ReportKind.TAMPER_ALARM, Lane.ALARM, {TAMPER}),
        (Code.TAMPERED, HOME, ReportKind.TAMPER_ALARM, Lane.ALARM, {TAMPER}),
        (Code.TAMPERED, AWAY, ReportKind.TAMPER_ALARM, Lane.ALARM, {TAMPER}),
        (Code.TAMPER_RESTORED, OFF, ReportKind.TAMPER_RESTORED, Lane.ROUTINE, set()),
        (Code.TAMPER_RESTORED, HOME, ReportKind.TAMPER_RESTORED, Lane.ROUTINE, set()),
        (Code.TAMPER_RESTORED, AWAY, ReportKind.TAMPER_RESTORED, Lane.ROUTINE, set()),
        (Code.LEAVING, OFF, ReportKind.TAMPER_ALARM, Lane.ALARM, {TAMPER}),
        (Code.LEAVING, HOME, ReportKind.TAMPER_ALARM, Lane.ALARM, {TAMPER}),
        (Code.LEAVING, AWAY, ReportKind.TAMPER_ALARM, Lane.ALARM, {TAMPER}),
        (Code.OPENED, OFF, ReportKind.OPENED, Lane.ROUTINE, set()),
        (Code.OPENED, HOME, ReportKind.INTRUSION_ALARM, Lane.ALARM, {ENTRY}),
        (Code.OPENED, AWAY, ReportKind.INTRUSION_ALARM, Lane.ALARM, {ENTRY}),
        (Code.CLOSED, OFF, ReportKind.CLOSED, Lane.ROUTINE, set()),
        (Code.CLOSED, HOME, ReportKind.CLOSED, Lane.ROUTINE, set()),
        (Code.CLOSED, AWAY, ReportKind.CLOSED, Lane.ROUTINE, set()),
    ],
)
def test_what_a_code_means_in_a_mode(
    code: Code, mode: PanelMode, kind: ReportKind, lane: Lane, latches: set[ZoneKind]
) -> None:
    state = PanelState().changed(mode, 1)
    assert decide(state, ZoneSignal(code, False, mode)) == Decision(
        PanelState(state.modes, frozenset(latches)), kind, lane
    )


def test_every_row_can_decide_and_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ZONE_ROWS}) == len(ZONE_ROWS)
    for row in ZONE_ROWS:
        alike = [other for other in ZONE_ROWS if (other.code, other.follows) == (row.code, row.follows)]
        assert {next(one for one in alike if mode in one.modes).name for mode in row.modes} == {row.name}


SIGNALS = st.one_of(
    st.builds(ZoneSignal, st.integers(0, 255), st.booleans(), MODES),
    st.builds(PersonSignal, st.sampled_from(Action), st.integers(0, 10**6), MODES),
)


@given(st.lists(SIGNALS, max_size=40))
def test_a_latch_ends_only_by_a_persons_reset(signals: list[ZoneSignal | PersonSignal]) -> None:
    state = PanelState()
    for signal in signals:
        before, state = state.latched, decide(state, signal).state
        if isinstance(signal, PersonSignal) and signal.action is Action.RESET:
            assert not state.latched
        else:
            assert state.latched >= before


@given(st.lists(SIGNALS, max_size=20), MODES)
def test_nothing_that_happened_before_keeps_a_hold_up_from_being_one(
    signals: list[ZoneSignal | PersonSignal], mode: PanelMode
) -> None:
    state = PanelState()
    for signal in signals:
        state = decide(state, signal).state
    state, kind, lane, test = decide(state, ZoneSignal(Code.PANIC, False, mode))
    assert (kind, lane, test) == (ReportKind.HOLD_UP_ALARM, Lane.PANIC, False)
    assert HOLD_UP in state.latched


@given(st.lists(SIGNALS, max_size=40))
def test_only_persons_change_the_mode_and_nodes_never_do(signals: list[ZoneSignal | PersonSignal]) -> None:
    state = PanelState()
    for signal in signals:
        before, state = state.mode, decide(state, signal).state
        if isinstance(signal, ZoneSignal) or signal.action is Action.RESET:
            assert state.mode is before
        else:
            assert state.mode is (signal.mode if signal.action is Action.ARM else OFF)


def test_a_state_of_the_first_version_is_read() -> None:
    stored = '{"version": 1, "modes": [[0, "off"], [7, "away"]], "latched": ["hold_up"]}'
    state = PanelState.from_json(stored)
    assert (state.modes, state.latched) == (((0, OFF), (7, AWAY)), frozenset({HOLD_UP}))
    assert (state.test, state.tests, state.pressed) == (None, (), ())


def test_an_alarm_opens_an_incident_and_a_latch_or_says_that_it_is_not_understood() -> None:
    for row in ZONE_ROWS:
        assert (row.kind in ALARMS) == (row.latches is not None)
    assert decide(PanelState(), ZoneSignal(77, True, OFF)).kind in ALARMS


MOMENTS = st.builds(Moment, st.integers(0, 10**6), st.floats(0, 10**6), st.sampled_from(["", "1", "2"]))
PRESSES = st.tuples(st.builds(Contact, *3 * [st.integers(0, 0xFFFF)]), st.integers(0, 10**6))


@given(
    st.lists(st.tuples(st.integers(0, 10**6), MODES), max_size=40),
    st.sets(st.sampled_from(ZoneKind)),
    st.lists(st.tuples(MOMENTS, st.integers(0, 1000)), max_size=20),
    st.lists(PRESSES, max_size=20),
)
def test_a_panels_state_survives_being_stored(
    changes: list[tuple[int, PanelMode]],
    latched: set[ZoneKind],
    tests: list[tuple[Moment, int]],
    presses: list[tuple[Contact, int]],
) -> None:
    state = PanelState(latched=frozenset(latched))
    for at_ms, mode in changes:
        state = state.changed(mode, at_ms)
    for moment, lasts_s in tests:
        state = decide(state, OnTestSignal(moment, lasts_s, "Li Na")).state
    for contact, at_ms in presses:
        state = state.raised(contact, at_ms)
    assert len(state.tests) <= TESTS_KEPT
    assert len(state.pressed) <= PRESSES_KEPT
    assert PanelState.from_json(state.to_json()) == state
    assert len(state.modes) <= MODES_KEPT
    assert state.view().mode is state.mode


def test_a_state_of_a_newer_version_is_not_guessed_at() -> None:
    newer = PanelState().to_json().replace('"version": 1', '"version": 3')
    with pytest.raises(ValueError, match="version 3"):
        PanelState.from_json(newer)


@pytest.mark.anyio
async def test_latches_and_modes_survive_a_restart(tmp_path: Path) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node = await rooms.enrol()
        async with rooms.journal.change() as draft:
            draft.signal(HOUSEHOLD, PersonSignal(Action.ARM, clock.now.wall_ms, AWAY), person="resident")
        await rooms.receive(node, node.press(), node.event(Code.TAMPERED, CASE), node.event(Code.OPENED))
        before = rooms.journal.building.panels
        assert before[HOUSEHOLD].latched == {HOLD_UP, TAMPER, ENTRY}
    async with bench(tmp_path, clock) as rooms:
        assert rooms.journal.building.panels == before
        async with rooms.journal.change() as draft:
            draft.signal(HOUSEHOLD, PersonSignal(Action.DISARM, clock.now.wall_ms), person="resident")
        await rooms.receive(node, node.event(Code.TAMPER_RESTORED, CASE), node.event(Code.CLOSED))
        assert rooms.journal.building.panels[HOUSEHOLD].latched == {HOLD_UP, TAMPER, ENTRY}
        async with rooms.journal.change() as draft:
            draft.signal(HOUSEHOLD, PersonSignal(Action.RESET, clock.now.wall_ms), person="guard")
        assert not rooms.journal.building.panels[HOUSEHOLD].latched


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
    assert pressed.panel.mode is OFF
    assert pressed.event_at_ms == rooms.clock.now.wall_ms


@pytest.mark.anyio
async def test_households_do_not_share_a_panel(rooms: Bench) -> None:
    node, neighbour = await rooms.enrol(), await rooms.enrol("3-2-0502")
    await rooms.receive(node, node.press())
    await rooms.receive(neighbour, neighbour.event(Code.CLOSED))
    assert not rooms.journal.building.panels["3-2-0502"].latched
