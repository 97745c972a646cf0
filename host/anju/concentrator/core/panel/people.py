"""What a person asks of a household's panel, and what comes of it. Pure. Who may ask is settled before (invariant I10)."""

from __future__ import annotations

from dataclasses import replace

from anju.concentrator.core.panel.arming import Phase, Trigger
from anju.concentrator.core.panel.events import guarded_again
from anju.concentrator.core.panel.moves import move, silence
from anju.concentrator.core.panel.signals import (
    Action,
    Decision,
    PersonSignal,
    Scene,
    Standing,
    Told,
    Warned,
)
from anju.concentrator.core.panel.state import Bypass, PanelState
from anju.concentrator.core.panel.timer import Timer
from anju.concentrator.core.panel.zones import ROW_OF, ZONE_ROWS, Meaning
from anju.uplink.reports import ArmWarning, Lane, PanelMode, Refusal, ReportKind, ZoneKind

_CALLED_OFF = frozenset(row.kind for row in ZONE_ROWS if row.may_be_bypassed)


def ask(state: PanelState, signal: PersonSignal, scene: Scene) -> Decision:
    """Carry out a request, or say why not: then nothing has changed."""
    match signal.action:
        case Action.ARM:
            return _arm(state, signal, scene)
        case Action.DISARM:
            return _disarm(state, scene)
        case Action.DURESS:
            return _duress(state, scene)
        case Action.RESET:
            return _reset(state, scene)
        case Action.BYPASS:
            return _bypass(state, signal, scene)
        case Action.UNBYPASS:
            return _unbypass(state, signal, scene)
        case Action.TEST:
            return _test(state, signal, scene)


def warnings(state: PanelState, mode: PanelMode, scene: Scene) -> tuple[Warned, ...]:
    """What there is to say against arming now: zones that are open, silent or in trouble, and not bypassed."""
    found: list[Warned] = []
    for zone in scene.zones():
        row = ROW_OF[zone.kind]
        guarded = row.away if mode is PanelMode.AWAY else row.home
        if state.is_bypassed(zone.contact):
            continue
        may_stand_open = guarded is Meaning.LOG or (guarded is Meaning.DELAY and mode is PanelMode.AWAY)
        if zone.is_open and not may_stand_open:
            found.append(Warned(zone, ArmWarning.OPEN))
        found += [Warned(zone, doubt) for doubt in zone.doubts]
    return tuple(found)


def _arm(state: PanelState, signal: PersonSignal, scene: Scene) -> Decision:
    if signal.mode is state.mode is PanelMode.AWAY and state.phase in {Phase.EXIT, Phase.GUARD}:
        # Another minute to leave in would be a minute for whoever has broken in, again and again.
        return Decision(state, (Told(ReportKind.ARMED, Lane.ROUTINE, "is away"),))
    warned = warnings(state, signal.mode, scene)
    if warned and not signal.anyway:
        told = Told(ReportKind.ARM_REFUSED, Lane.ROUTINE, "not ready", warned=warned)
        return Decision(state, (told,), Refusal.NOT_READY)
    trigger = Trigger.ARM_AWAY if signal.mode is PanelMode.AWAY else Trigger.ARM_HOME
    is_pending = state.phase in {Phase.ENTRY, Phase.ABORT}
    if not is_pending:
        out = [warn.zone for warn in warned if warn.what is ArmWarning.OPEN and ROW_OF[warn.zone.kind].may_be_bypassed]
        state = _without(state, out, signal)
    decision = move(state, trigger, scene, scene.moment)
    if decision is None:
        raise AssertionError("arming has a row for every phase")
    first = decision.told[0]._replace(warned=warned)
    return Decision(decision.state, (first, *decision.told[1:]), Refusal.PENDING if is_pending else None)


def _without(state: PanelState, zones: list[Standing], signal: PersonSignal) -> PanelState:
    """Zones that stand open stay out until they are closed: the person was told, and wanted it so."""
    added = tuple(Bypass(zone.source, signal.person, "", None, until_closed=True) for zone in zones)
    return replace(state, bypasses=state.bypasses + added)


def _disarm(state: PanelState, scene: Scene) -> Decision:
    trigger = Trigger.DISARM_LATE if state.latched & _CALLED_OFF and state.mode is not PanelMode.OFF else Trigger.DISARM
    decision = move(state, trigger, scene, scene.moment)
    if decision is None:
        raise AssertionError("disarming has a row for every phase")
    return decision


def _duress(state: PanelState, scene: Scene) -> Decision:
    """For whoever watches it is a disarming like any other, and nothing sounds or lights up."""
    decision = _disarm(state, scene)
    latched = replace(decision.state, latched=decision.state.latched | {ZoneKind.SILENT_HOLD_UP})
    return Decision(latched, (Told(ReportKind.DURESS_ALARM, Lane.PANIC, "duress"), *decision.told))


def _reset(state: PanelState, scene: Scene) -> Decision:
    """Latches go, but for those of zones that are guarded at all hours and still active."""
    active = {zone.kind for zone in scene.zones() if zone.is_open and not ROW_OF[zone.kind].may_be_bypassed}
    latched = state.latched & active
    still = {ROW_OF[kind].siren for kind in latched}
    sounding = silence(state, scene.moment).sounding
    if sounding and sounding.siren not in still:
        sounding = None
    told = (Told(ReportKind.LATCH_RESET, Lane.ROUTINE, "reset"),)
    return Decision(replace(state, latched=latched, sounding=sounding), told)


def _bypass(state: PanelState, signal: PersonSignal, scene: Scene) -> Decision:
    found = [zone for zone in scene.zones() if zone.contact == signal.contact]
    if not found:
        return Decision(state, refusal=Refusal.NO_SUCH_ZONE)
    zone = found[0]
    if not ROW_OF[zone.kind].may_be_bypassed:
        return Decision(state, refusal=Refusal.NOT_BYPASSABLE)
    timer = Timer(scene.moment, signal.lasts_s) if signal.lasts_s else None
    bypass = Bypass(zone.source, signal.person, signal.reason, timer)
    told = Told(
        ReportKind.BYPASSED,
        Lane.ROUTINE,
        "bypass",
        zone.source,
        bypass=(signal.person, signal.reason),
        until_ms=timer.due_at.wall_ms if timer else None,
    )
    return Decision(state.without(bypass, scene.moment.wall_ms), (told,))


def _unbypass(state: PanelState, signal: PersonSignal, scene: Scene) -> Decision:
    ended = [one for one in state.bypasses if one.contact == signal.contact]
    if not ended:
        return Decision(state, refusal=Refusal.NOT_BYPASSED)
    told = Told(ReportKind.BYPASS_ENDED, Lane.ROUTINE, "unbypass", ended[0].source)
    after = guarded_again(state.guarding(ended[0], scene.moment.wall_ms), scene, signal.contact)
    return after._replace(told=(told, *after.told))


def _test(state: PanelState, signal: PersonSignal, scene: Scene) -> Decision:
    if signal.lasts_s:
        began = state.on_test(scene.moment, signal.lasts_s, signal.person)
        return Decision(began, (Told(ReportKind.TEST_STARTED, Lane.ROUTINE, "test"),))
    if state.test is None:
        return Decision(state, refusal=Refusal.NOT_ON_TEST)
    after = guarded_again(state.off_test(scene.moment), scene)
    return after._replace(told=(Told(ReportKind.TEST_ENDED, Lane.ROUTINE, "test"), *after.told))
