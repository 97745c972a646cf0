"""Carrying out a row: the next phase with its timer, what sounds and latches with it, and what it tells. Pure."""

from __future__ import annotations

from dataclasses import replace

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.arming import ArmingRow, Phase, Span, Trigger, row_for
from anju.concentrator.core.panel.signals import Decision, Scene, Times, Told
from anju.concentrator.core.panel.source import Source
from anju.concentrator.core.panel.state import PanelState, Sounding
from anju.concentrator.core.panel.stays import Out, Stay
from anju.concentrator.core.panel.timer import Timer
from anju.concentrator.core.panel.zones import ROW_OF, Siren, ZoneRow
from anju.uplink.reports import Lane, PanelMode, ReportKind

_RANK = {Siren.INTRUSION: 0, Siren.HOLD_UP: 1, Siren.FIRE: 2}
_OF_EACH = frozenset({ReportKind.INTRUSION_ALARM, ReportKind.ALARM_ABORTED, ReportKind.ALARM_CANCELLED})
"""Told once for each zone that has tripped."""
_OF_A_ZONE = frozenset({Trigger.DELAY, Trigger.CAME_IN, Trigger.TRIP, Trigger.TIME, Trigger.TIME_OPEN})


def move(
    state: PanelState, trigger: Trigger, scene: Scene, start: Moment, source: Source | None = None
) -> Decision | None:
    """Carry out the row for a trigger, with what it leads to beginning at `start`; None: no row fits."""
    row = row_for(state.phase, trigger)
    if row is None:
        return None
    others = tuple(one for one in state.tripped if not source or one.contact != source.contact)
    tripped = (*others, source) if source else others
    told = [tell for kind in row.tells for tell in _told(kind, row, tripped)]
    moved = replace(state, phase=row.then, timer=_timer(state, row, scene.times, start), tripped=tripped)
    return Decision(_changed(moved, row, scene, start), tuple(told))


def raise_alarm(state: PanelState, row: ZoneRow, scene: Scene) -> PanelState:
    """Latch an alarm, and sound it if a household hears it."""
    latched = state if row.kind in state.latched else replace(state, latched=state.latched | {row.kind})
    if row.siren is None or (state.phase is Phase.OFF and not row.loud_off):
        return latched
    return sound(latched, row.siren, scene.moment, scene.times)


def sound(state: PanelState, siren: Siren, start: Moment, times: Times) -> PanelState:
    """Begin to sound, unless something that outranks it does: from when a zone tripped, and never longer than allowed."""
    now = state.sounding
    if now and not now.timer.is_over(start) and _RANK[now.siren] >= _RANK[siren]:
        return state
    return replace(state, sounding=Sounding(siren, Timer(start, times.siren_s)))


def silence(state: PanelState, start: Moment) -> PanelState:
    """An intrusion sounds no more; its light stays as long as its latch."""
    sounding = state.sounding
    if sounding is None or sounding.siren is not Siren.INTRUSION:
        return state
    return replace(state, sounding=Sounding(sounding.siren, Timer(start, 0)) if state.latched else None)


def _told(kind: ReportKind, row: ArmingRow, tripped: tuple[Source, ...]) -> list[Told]:
    lane = Lane.ALARM if kind in {ReportKind.INTRUSION_ALARM, ReportKind.ALARM_CANCELLED} else Lane.ROUTINE
    if kind in _OF_EACH and tripped:
        return [Told(kind, lane, row.name, source) for source in tripped]
    about = tripped[-1] if tripped and row.trigger in _OF_A_ZONE else None
    return [Told(kind, lane, row.name, about)]


def _timer(state: PanelState, row: ArmingRow, times: Times, start: Moment) -> Timer | None:
    if row.lasts is None:
        return state.timer if row.then is state.phase else None
    lasts = {Span.EXIT: times.exit_s, Span.ENTRY: times.entry_s, Span.ABORT: times.abort_s}[row.lasts]
    return Timer(start, lasts)


def _changed(state: PanelState, row: ArmingRow, scene: Scene, start: Moment) -> PanelState:
    """What else of the state goes with a row's trigger."""
    match row.trigger:
        case Trigger.ARM_AWAY | Trigger.ARM_HOME if row.lasts is not None or row.then is Phase.GUARD:
            mode = PanelMode.AWAY if row.then is Phase.EXIT else PanelMode.HOME
            exit_s = scene.times.exit_s if row.then is Phase.EXIT else 0
            return _begin(state, Stay(start.wall_ms, mode, exit_s))
        case Trigger.DISARM | Trigger.DISARM_LATE:
            off = _begin(state, Stay(start.wall_ms, PanelMode.OFF))
            return silence(replace(off, bypasses=()), start)
        case Trigger.RETURN:
            to_ms = start.wall_ms + round(scene.times.exit_s * 1000)
            return replace(state, was_restarted=True, tripped=(), stays=state.stays.prolonged(to_ms))
        case Trigger.CAME_IN:
            came_in = replace(state, tripped=state.tripped[-1:])  # what else had tripped was passed on the way
            was_raised = any(ROW_OF[kind].siren is Siren.INTRUSION for kind in state.latched)
            return came_in if was_raised else silence(came_in, start)
        case Trigger.TRIP | Trigger.TIME if row.then is Phase.ABORT:
            return sound(state, Siren.INTRUSION, scene.moment, scene.times)  # however late it is heard of
        case Trigger.TIME if row.phases == {Phase.ABORT}:
            kinds = state.latched | {source.kind for source in state.tripped}
            stays = state.stays.shutting(-1, [source.contact for source in state.tripped])
            return replace(state, latched=kinds, stays=stays, tripped=())
        case _:
            return state


def _begin(state: PanelState, stay: Stay) -> PanelState:
    bypasses = state.bypasses if stay.mode is not PanelMode.OFF else ()
    stays = state.stays.changed(stay._replace(out=tuple(Out(one.contact, stay.since_ms) for one in bypasses)))
    return replace(state, stays=stays, was_restarted=False, came_back=False, tripped=())
