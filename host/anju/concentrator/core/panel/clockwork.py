"""What time alone does to a panel: phases, bypasses, tests and sirens end, and sensors have settled. Pure."""

from __future__ import annotations

from dataclasses import replace

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel import events
from anju.concentrator.core.panel.arming import Phase, Trigger
from anju.concentrator.core.panel.moves import move
from anju.concentrator.core.panel.signals import Decision, Scene, Told
from anju.concentrator.core.panel.source import Source
from anju.concentrator.core.panel.state import Bypass, PanelState, Settling
from anju.concentrator.core.panel.timer import Timer
from anju.concentrator.core.panel.zones import ROW_OF, Meaning
from anju.uplink.reports import Lane, PanelMode, ReportKind

_ASLEEP_S = 5.0
"""A deadline that is missed by so much was missed by a service that was down: what follows begins now, not in the past."""


def look(state: PanelState, scene: Scene, *, is_chained: bool = False) -> Decision:
    """Carry out whatever is due. `is_chained`: what is over leads on from its own end, because an event came late."""
    if state.is_still:
        return Decision(state)
    told: tuple[Told, ...] = ()
    now = scene.moment
    while decision := _next_over(state, scene, is_chained=is_chained):
        state, told = decision.state, told + decision.told
    for over in [one for one in state.settling if one.timer.is_over(now)]:
        state = replace(state, settling=tuple(one for one in state.settling if one is not over))
        decision = events.settled(state, over, scene)
        state, told = decision.state, told + decision.told
    if state.test and state.test.left_s(now) <= 0:
        decision = events.guarded_again(state.off_test(now), scene)
        ended = Told(ReportKind.TEST_ENDED, Lane.ROUTINE, "time is over")
        state, told = decision.state, (*told, ended, *decision.told)
    if state.sounding and state.sounding.timer.lasts_s and state.sounding.timer.is_over(now):
        told += (Told(ReportKind.SIREN_ENDED, Lane.ROUTINE, "time is over"),)
        quiet = state.sounding._replace(timer=Timer(now, 0)) if state.latched else None
        state = replace(state, sounding=quiet)
    return Decision(state, told)


def _next_over(state: PanelState, scene: Scene, *, is_chained: bool) -> Decision | None:
    """End the bypass or the phase that was over first: a bypass before what it would have kept from being seen."""
    now = scene.moment
    phase = state.timer if state.timer and state.timer.is_over(now) else None
    until_s = phase.due_s if phase else now.monotonic_s
    for one in sorted((one for one in state.bypasses if one.timer), key=_due_s):
        if one.timer and one.timer.due_s <= until_s:
            told = Told(ReportKind.BYPASS_ENDED, Lane.ROUTINE, "time is over", one.source)
            guarding = state.guarding(one, one.timer.due_at.wall_ms)
            start = _start(one.timer, scene, is_chained=is_chained)
            after = events.guarded_again(guarding, scene, one.contact, start)
            return after._replace(told=(told, *after.told))
    return _phase_over(state, phase, scene, is_chained=is_chained) if phase else None


def _due_s(bypass: Bypass) -> float:
    return bypass.timer.due_s if bypass.timer else 0.0


def _start(over: Timer, scene: Scene, *, is_chained: bool) -> Moment:
    """When that begins which follows a timer that is over."""
    is_missed = scene.moment.monotonic_s - over.due_s > _ASLEEP_S and not is_chained
    return scene.moment if is_missed else over.due_at


def settle(state: PanelState, network: int, node: int, scene: Scene) -> PanelState:
    """The state once a node has its power back."""
    if any(one[:2] == (network, node) for one in state.settling):
        return (
            state  # not for longer, however often its power comes: a detector that flickers must still be able to call
        )
    return replace(
        state, settling=(*state.settling, Settling(network, node, Timer(scene.moment, scene.times.settle_s)))
    )


def _phase_over(state: PanelState, timer: Timer, scene: Scene, *, is_chained: bool) -> Decision:
    start = _start(timer, scene, is_chained=is_chained)
    found = _left_open(state, scene) if state.phase is Phase.EXIT else None
    trigger = Trigger.TIME_OPEN if found else Trigger.TIME
    decision = move(state, trigger, scene, start, found)
    if decision is None:
        raise AssertionError(f"{state.phase} has a timer and no row for its end")
    return decision


def _left_open(state: PanelState, scene: Scene) -> Source | None:
    """A zone that stands open when everybody should have left, and would be guarded."""
    for zone in scene.zones():
        row = ROW_OF[zone.kind]
        guarded = row.home if state.mode is PanelMode.HOME else row.away
        if zone.is_open and guarded in {Meaning.DELAY, Meaning.TRIP} and not state.is_bypassed(zone.contact):
            return zone.source._replace(at_ms=scene.moment.wall_ms)
    return None
