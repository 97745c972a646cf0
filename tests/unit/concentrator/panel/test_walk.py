"""Every state that the tables can reach: a hold-up is heard in each (I4), trouble is no alarm (I5), and none is a dead end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.signals import Action, PersonSignal, TimeSignal, ZoneSignal
from anju.concentrator.core.panel.zones import ROW_OF, Meaning
from anju.uplink.reports import Lane, PanelMode, ReportKind, ZoneKind
from anju.wire.table import Code
from unit.concentrator.panel.walk import ARM, BYPASS, DISARM, DURESS, RESET, TEST, Node, Step, Walk

K = ReportKind
Z = ZoneKind
EVERYBODY = (*ARM, DISARM, DURESS, RESET)
HOUSEHOLDS = {
    "door and button": Walk((Z.ENTRY, Z.HOLD_UP), (*EVERYBODY, TEST, BYPASS)),
    "door and smoke, with power cuts": Walk((Z.ENTRY, Z.FIRE), (*ARM, DISARM, RESET), can_start=True),
    "window and silent button": Walk((Z.INSTANT, Z.SILENT_HOLD_UP), (*EVERYBODY, TEST)),
    "door and hall": Walk((Z.ENTRY, Z.FOLLOWER), (*ARM, DISARM, RESET)),
    "case and safe": Walk((Z.TAMPER, Z.ALL_HOURS), (*ARM, DISARM, RESET, TEST)),
}
LARGER = {
    "door, window and button": Walk((Z.ENTRY, Z.INSTANT, Z.HOLD_UP), (*EVERYBODY, TEST)),
    "door, hall and case, with power cuts": Walk(
        (Z.ENTRY, Z.FOLLOWER, Z.TAMPER), (*ARM, DISARM, RESET), can_start=True
    ),
    "door and window, bypassed": Walk((Z.ENTRY, Z.INSTANT), (*EVERYBODY, TEST, BYPASS)),
}


def _holds(step: Step) -> None:
    _hold_up_is_heard(step)
    _only_people_clear(step)
    _phases_end(step)
    _nothing_by_itself(step)
    _nothing_stands_open_unseen(step)


def _hold_up_is_heard(step: Step) -> None:
    """I4: whatever the state, a press is an alarm in the first lane, and latches; on TEST it is at least told."""
    if not isinstance(step.signal, ZoneSignal) or step.signal.code != Code.PANIC:
        return
    (told,) = [one for one in step.decision.told if one.kind is K.HOLD_UP_ALARM]
    assert told.is_test == (step.before.state.test is not None)
    if not told.is_test:
        assert told.lane is Lane.PANIC
        assert step.signal.source.kind in step.after.state.latched
    assert step.after.state.phase is step.before.state.phase


def _only_people_clear(step: Step) -> None:
    """A latch goes only by a person's reset, and a hold-up's by nothing else that anybody does."""
    gone = step.before.state.latched - step.after.state.latched
    assert not gone or (isinstance(step.signal, PersonSignal) and step.signal.action is Action.RESET)


def _phases_end(step: Step) -> None:
    """What runs has a timer, and what does not has none: nothing hangs."""
    state = step.after.state
    assert (state.timer is None) == (state.phase in {Phase.OFF, Phase.GUARD})
    assert state.next_deadline() is not None or (not state.timer and not state.settling and not state.test)


def _nothing_by_itself(step: Step) -> None:
    """I5: time alone raises an alarm only of a zone that is or was active."""
    if not isinstance(step.signal, TimeSignal):
        return
    known = {source.contact for source in step.before.state.tripped} | step.before.active
    for told in step.decision.told:
        assert not told.kind.endswith("_alarm") or (told.source and told.source.contact in known)


def _nothing_stands_open_unseen(step: Step) -> None:
    """Nobody is guarded for ever, and nothing raised, although something stands open that is guarded: each state has told of it,
    or a person has taken it out, or time will tell of it."""
    state = step.after.state
    if state.test or state.stays.last.shut or state.phase not in {Phase.GUARD, Phase.OFF}:
        return
    for zone in step.zones:
        row = ROW_OF[zone.kind]
        if zone.contact in step.after.active and not (
            state.is_bypassed(zone.contact) or state.is_settling(zone.contact)
        ):
            means = row.off if state.phase is Phase.OFF else row.home if state.mode is PanelMode.HOME else row.away
            assert means is Meaning.LOG or zone.kind in state.latched, (zone, means)


def _is_at_peace(node: Node) -> bool:
    return node.state.phase is Phase.OFF and not node.state.latched and not node.state.sounding


def _walk(name: str, household: Walk, check: Callable[[Step], None], capsys: pytest.CaptureFixture[str]) -> None:
    household.run(check)
    with capsys.disabled():
        print(f"\n{name}: {len(household.states)} states, {household.steps} steps walked", end=" ")
    assert household.can_all_reach(_is_at_peace)


@pytest.mark.parametrize("name", HOUSEHOLDS)
def test_every_reachable_state_of_a_small_household_holds(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _walk(name, HOUSEHOLDS[name], _holds, capsys)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", LARGER)
def test_every_reachable_state_of_a_larger_household_holds(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _walk(name, LARGER[name], _holds, capsys)


def test_the_walk_would_see_a_door_that_stands_open_unseen() -> None:
    def forget(step: Step) -> None:
        state = step.after.state
        if state.bypasses:
            forgotten = replace(state, bypasses=(), phase=Phase.GUARD, timer=None)
            _nothing_stands_open_unseen(step._replace(after=Node(forgotten, step.after.active)))

    with pytest.raises(AssertionError, match="entry"):
        Walk((Z.ENTRY,), (*ARM, BYPASS)).run(forget)


def test_the_walk_would_see_a_swallowed_press() -> None:
    def swallow(step: Step) -> None:
        _hold_up_is_heard(step._replace(decision=step.decision._replace(told=())))

    with pytest.raises(ValueError, match="not enough values"):
        Walk((Z.HOLD_UP,), ARM).run(swallow)
