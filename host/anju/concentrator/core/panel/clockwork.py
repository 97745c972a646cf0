"""What time alone does to a panel: phases, bypasses, tests and sirens end, and sensors have settled. Pure."""

from __future__ import annotations

from dataclasses import replace

from anju.concentrator.core.panel import events
from anju.concentrator.core.panel.arming import Phase, Trigger
from anju.concentrator.core.panel.moves import move
from anju.concentrator.core.panel.signals import Decision, Scene, Told
from anju.concentrator.core.panel.source import Source
from anju.concentrator.core.panel.state import PanelState, Settling
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
    while (timer := state.timer) and timer.is_over(now):
        state, ended = _without_bypasses(state, timer.due_s)
        decision = _phase_over(state, timer, scene, is_chained=is_chained)
        state, told = decision.state, told + ended + decision.told
    for over in [one for one in state.settling if one.timer.is_over(now)]:
        state = replace(state, settling=tuple(one for one in state.settling if one is not over))
        decision = events.settled(state, over, scene)
        state, told = decision.state, told + decision.told
    state, ended = _without_bypasses(state, now.monotonic_s)
    told += ended
    if state.test and state.test.left_s(now) <= 0:
        state = state.off_test(now)
        told += (Told(ReportKind.TEST_ENDED, Lane.ROUTINE, "time is over"),)
    if state.sounding and state.sounding.timer.lasts_s and state.sounding.timer.is_over(now):
        told += (Told(ReportKind.SIREN_ENDED, Lane.ROUTINE, "time is over"),)
        quiet = state.sounding._replace(timer=Timer(now, 0)) if state.latched else None
        state = replace(state, sounding=quiet)
    return Decision(state, told)


def _without_bypasses(state: PanelState, until_s: float) -> tuple[PanelState, tuple[Told, ...]]:
    """End the bypasses whose time was over by then: each before what it would have kept from being seen."""
    told: tuple[Told, ...] = ()
    for one in state.bypasses:
        if one.timer and one.timer.due_s <= until_s:
            state = state.guarding(one, one.timer.due_at.wall_ms)
            told += (Told(ReportKind.BYPASS_ENDED, Lane.ROUTINE, "time is over", one.source),)
    return state, told


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
    is_missed = scene.moment.monotonic_s - timer.due_s > _ASLEEP_S and not is_chained
    start = scene.moment if is_missed else timer.due_at
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
