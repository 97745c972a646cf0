"""What a node's event means to a household. Pure; the rows of `hold_up`, `tamper` and `zones` decide, in this order."""

from __future__ import annotations

from dataclasses import replace

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.arming import Phase, Trigger
from anju.concentrator.core.panel.hold_up import HOLD_UP_ROWS, HoldUpRow
from anju.concentrator.core.panel.moves import move, raise_alarm
from anju.concentrator.core.panel.on_test import SURE_AFTER_MS
from anju.concentrator.core.panel.signals import Decision, Scene, Told, ZoneSignal
from anju.concentrator.core.panel.source import Contact, Source
from anju.concentrator.core.panel.state import PanelState, Settling
from anju.concentrator.core.panel.stays import Stay
from anju.concentrator.core.panel.tamper import TAMPER_ROWS, TamperRow
from anju.concentrator.core.panel.timer import later
from anju.concentrator.core.panel.zones import HOLD_UPS, ROW_OF, Meaning, ZoneRow
from anju.concentrator.core.places import Address
from anju.uplink.reports import Lane, PanelMode, ReportKind, ZoneKind
from anju.wire.table import Code

_ACTIVE = frozenset({Code.OPENED, Code.DETECTED})
_AT_REST = {Code.CLOSED: ReportKind.CLOSED, Code.CLEARED: ReportKind.RESTORED}
_MAY_BE_OUT = frozenset({Meaning.DELAY, Meaning.TRIP})


def judge(state: PanelState, signal: ZoneSignal, scene: Scene) -> Decision:
    """Decide on an event. What a newer node says and we don't know is raised too, as loudly as it asks; on TEST as well."""
    for row in HOLD_UP_ROWS:
        if row.code == signal.code and (not row.follows or _follows(state, signal, scene)):
            return _hold_up(state, row, signal, scene)
    for tamper in TAMPER_ROWS:
        if tamper.code == signal.code:
            return _tamper(state, tamper, signal, scene)
    if signal.code in _AT_REST:
        return _at_rest(state, signal, scene)
    if signal.code in _ACTIVE:
        return _active(state, signal, scene)
    if signal.is_urgent:
        return Decision(
            state, (Told(ReportKind.UNKNOWN_ALARM, Lane.PANIC, "urgent and not understood", signal.source),)
        )
    return Decision(state, (Told(ReportKind.TROUBLE, Lane.ROUTINE, "not understood", signal.source),))


def vanished(state: PanelState, address: Address, scene: Scene) -> Decision:
    """A node can't be heard any more: as if its case had been opened."""
    source = Source(Contact(*address, 0), ZoneKind.TAMPER, "", 0, scene.moment.wall_ms)
    row = ROW_OF[ZoneKind.TAMPER]
    return Decision(raise_alarm(state, row, scene), (Told(row.alarm, row.lane, "vanished while armed", source),))


def guarded_again(
    state: PanelState, scene: Scene, contact: Contact | None = None, start: Moment | None = None
) -> Decision:
    """A bypass has ended, or a TEST (then all zones are meant): what is active is as if it had become so at `start`."""
    told: tuple[Told, ...] = ()
    if state.test:
        return Decision(state)  # what is tried is judged when that ends
    for zone in scene.zones():
        row = ROW_OF[zone.kind]
        is_meant = zone.is_open and zone.kind not in HOLD_UPS and contact in {None, zone.contact}
        if not is_meant or zone.kind in state.latched & _AT_ALL_HOURS or state.is_settling(zone.contact):
            continue
        meaning = _meaning(state, row)
        if meaning is Meaning.LOG or (meaning in _MAY_BE_OUT and state.is_bypassed(zone.contact)):
            continue
        source = zone.source._replace(at_ms=(start or scene.moment).wall_ms)
        decision = _means(state, row, meaning, source, scene, start)
        state, told = decision.state, told + decision.told
    return Decision(state, told)


def settled(state: PanelState, over: Settling, scene: Scene) -> Decision:
    """A node's sensors have settled: what is active now is as if it had become so now, on TEST too."""
    told: tuple[Told, ...] = ()
    for zone in scene.zones():
        if zone.is_open and zone.contact[:2] == over[:2] and zone.kind not in HOLD_UPS:
            source = zone.source._replace(at_ms=scene.moment.wall_ms)
            row = ROW_OF[zone.kind]
            meaning = _meaning(state, row)
            if state.test:
                told += (_tried(row, meaning, source),)
                continue
            if meaning in _MAY_BE_OUT and state.is_bypassed(zone.contact):
                told += (Told(ReportKind.OPENED, Lane.ROUTINE, "bypassed", source),)
                continue
            decision = _means(state, row, meaning, source, scene)
            state, told = decision.state, told + tuple(one for one in decision.told if one.rule != _LOGGED)
    return Decision(state, told)


_AT_ALL_HOURS = frozenset(row.kind for row in ROW_OF.values() if not row.may_be_bypassed)
_LOGGED = "as it should be"


def _follows(state: PanelState, signal: ZoneSignal, scene: Scene) -> bool:
    return not signal.on_test and state.was_raised(signal.source.contact, signal.at_ms or scene.moment.wall_ms)


def _hold_up(state: PanelState, row: HoldUpRow, signal: ZoneSignal, scene: Scene) -> Decision:
    kind = HOLD_UPS.get(signal.source.kind, ZoneKind.HOLD_UP)
    source = signal.source._replace(kind=kind)
    if signal.on_test and row.in_test:
        tried = state.tried(source.contact)
        return Decision(tried, (Told(row.kind, Lane.ROUTINE, row.name, source, is_test=True),))
    told = (Told(row.kind, row.lane, row.name, source),)
    if row.lane is not Lane.PANIC:
        return Decision(state, told)
    if row.code is Code.PANIC:
        state = state.raised(source.contact, signal.at_ms or scene.moment.wall_ms)
    return Decision(raise_alarm(state, ROW_OF[kind], scene), told)


def _tamper(state: PanelState, row: TamperRow, signal: ZoneSignal, scene: Scene) -> Decision:
    source = signal.source._replace(kind=ZoneKind.TAMPER)
    if row.lane is Lane.ROUTINE:
        is_test = signal.on_test and row.in_test
        return Decision(state, (Told(row.kind, row.lane, row.name, source, is_test=is_test),))
    if signal.on_test and row.in_test:
        return Decision(state, (Told(row.kind, Lane.ROUTINE, row.name, source, is_test=True),))
    if row.code is Code.TAMPERED and _is_settling(state, signal):
        return Decision(state, (Told(ReportKind.OPENED, Lane.ROUTINE, "sensors settle", source),))
    return Decision(raise_alarm(state, ROW_OF[ZoneKind.TAMPER], scene), (Told(row.kind, row.lane, row.name, source),))


def _at_rest(state: PanelState, signal: ZoneSignal, scene: Scene) -> Decision:
    contact = signal.source.contact
    is_way_in = ROW_OF[signal.source.kind].away is Meaning.DELAY
    if state.phase is Phase.EXIT and is_way_in and not signal.is_late:
        state = replace(state, came_back=True)
    told: tuple[Told, ...] = (
        Told(_AT_REST[Code(signal.code)], Lane.ROUTINE, "at rest", signal.source, is_test=signal.on_test),
    )
    ended = [bypass for bypass in state.bypasses if bypass.contact == contact and bypass.until_closed]
    if ended and not any(one.is_open for one in scene.zones() if one.contact == contact):  # it was opened again since
        state = state.guarding(ended[0], signal.at_ms or scene.moment.wall_ms)
        told += (Told(ReportKind.BYPASS_ENDED, Lane.ROUTINE, "closed again", signal.source),)
    return Decision(state, told)


def _active(state: PanelState, signal: ZoneSignal, scene: Scene) -> Decision:
    row = ROW_OF[signal.source.kind]
    if row.kind in HOLD_UPS:
        return _hold_up(state, HOLD_UP_ROWS[0], signal, scene)
    if row.kind is ZoneKind.TAMPER:
        return _tamper(state, TAMPER_ROWS[0], signal, scene)
    index = _stay_of(state, signal)
    is_now = index == len(state.stays.all) - 1
    meaning = _meaning(state, row, signal) if is_now else _then(row, state.stays.all[index], signal)
    if signal.on_test:
        return Decision(state, (_tried(row, meaning, signal.source),))
    if _is_settling(state, signal):
        return _logged(state, signal.source, "sensors settle")
    if meaning in _MAY_BE_OUT and _was_out(state, signal, index):
        return _logged(state, signal.source, "bypassed")
    if is_now:
        return _means(state, row, meaning, signal.source, scene, _start(signal, scene), signal)
    return _late(state, row, meaning, signal, scene, index)


def _means(
    state: PanelState,
    row: ZoneRow,
    meaning: Meaning,
    source: Source,
    scene: Scene,
    start: Moment | None = None,
    signal: ZoneSignal | None = None,
) -> Decision:
    """What an active zone leads to now, by the event that told it, if one did; the phases that it begins do so at `start`."""
    if meaning is Meaning.ALARM:
        return Decision(
            raise_alarm(state, row, scene), (Told(row.alarm, row.lane, f"{row.kind} at all hours", source),)
        )
    if meaning is not Meaning.LOG and _has_swung(state, source.contact):
        return _logged(state, source, "swinger")
    trigger = {Meaning.DELAY: Trigger.DELAY, Meaning.TRIP: Trigger.TRIP}.get(meaning)
    if state.phase is Phase.EXIT and row.away is Meaning.DELAY and state.came_back and not state.was_restarted:
        trigger = Trigger.RETURN
    elif trigger and signal and _came_in_before(state, row, signal, scene):
        trigger = Trigger.CAME_IN
    elif trigger and signal and row.is_passed and state.phase is Phase.GUARD and _was_under_way(signal, scene):
        trigger = Trigger.DELAY
    decision = move(state, trigger, scene, start or scene.moment, source) if trigger else None
    return decision or _logged(state, source, _LOGGED)


def _was_out(state: PanelState, signal: ZoneSignal, index: int) -> bool:
    """Whether the zone was bypassed at the event's own time; what is heard at once is judged by how things are."""
    is_past = (signal.is_late and signal.at_ms) or index < len(state.stays.all) - 1
    contact = signal.source.contact
    if not is_past:
        return state.is_bypassed(contact)
    return state.stays.was_out(index, contact, signal.at_ms, signal.heard_ms)


def _came_in_before(state: PanelState, row: ZoneRow, signal: ZoneSignal, scene: Scene) -> bool:
    """Whether a way in was opened before all that has tripped, and that was only passed, in the entry time."""
    if state.phase not in {Phase.ENTRY, Phase.ABORT} or row.away is not Meaning.DELAY:
        return False
    if not all(ROW_OF[one.kind].is_passed for one in state.tripped):
        return False
    first_ms = min((one.at_ms for one in state.tripped), default=0)
    return _is_before(signal, first_ms) and _awake_ms(signal.at_ms, first_ms, scene.asleep) < scene.times.entry_s * 1000


def _was_under_way(signal: ZoneSignal, scene: Scene) -> bool:
    """Whether an event took so long to be heard of that one from before it may be heard of later."""
    return bool(signal.at_ms) and scene.moment.wall_ms - signal.at_ms > SURE_AFTER_MS


def _has_swung(state: PanelState, contact: Contact) -> bool:
    """Whether a zone has raised an alarm in this stay, or is about to: it raises no other."""
    is_pending = state.phase is Phase.ABORT and any(source.contact == contact for source in state.tripped)
    return is_pending or contact in state.stays.last.shut


def _late(state: PanelState, row: ZoneRow, meaning: Meaning, signal: ZoneSignal, scene: Scene, index: int) -> Decision:
    """An event of a stay that has ended since: whether the person who ended it came in time."""
    if meaning is Meaning.ALARM:
        return _means(state, row, meaning, signal.source, scene)
    if meaning is Meaning.LOG:
        return _logged(state, signal.source, _LOGGED)
    if signal.source.contact in state.stays.all[index].shut:
        return _logged(state, signal.source, "swinger")
    ended_ms = state.stays.end_ms(index)
    # Who comes in passes a follower too, and that the door was opened before may be heard of later still.
    entry_s = scene.times.entry_s if row.entry is Meaning.LOG else 0
    if signal.at_ms and ended_ms is not None:
        took_s = _awake_ms(signal.at_ms, ended_ms, scene.asleep) / 1000
        if took_s <= entry_s:
            return _logged(state, signal.source, "was known in time")
        if took_s <= entry_s + scene.times.abort_s:
            told = Told(ReportKind.ALARM_ABORTED, Lane.ROUTINE, "was a mistake, heard of late", signal.source)
            return Decision(state, (told,))
    told = Told(row.alarm, row.lane, "heard of too late", signal.source)
    state = replace(state, stays=state.stays.shutting(index, (signal.source.contact,)))
    return Decision(raise_alarm(state, row, scene), (told,))


def _awake_ms(from_ms: int, to_ms: int, asleep: tuple[int, int]) -> int:
    """How much of a time somebody could disarm in."""
    return to_ms - from_ms - max(0, min(to_ms, asleep[1]) - max(from_ms, asleep[0]))


def _meaning(state: PanelState, row: ZoneRow, signal: ZoneSignal | None = None) -> Meaning:
    """What it means in the present stay; an event may be older than the phase."""
    late = signal if signal and signal.is_late else None
    if signal and state.phase in {Phase.ENTRY, Phase.ABORT} and _is_older(state, row, signal):
        if state.phase is Phase.ABORT and _has_come_in(state, signal):
            return row.entry
        meaning = _then(row, state.stays.last, signal)
        # The way in of what has tripped meanwhile.
        return Meaning.TRIP if state.phase is Phase.ABORT and meaning is Meaning.DELAY else meaning
    guarded = row.home if state.mode is PanelMode.HOME else row.away
    return {
        Phase.OFF: row.off,
        Phase.EXIT: row.exit,
        Phase.GUARD: _then(row, state.stays.last, late) if late else guarded,
        Phase.ENTRY: row.entry,
        Phase.ABORT: guarded if guarded is Meaning.LOG else row.abort,  # at home people run about when it sounds
    }[state.phase]


def _has_come_in(state: PanelState, signal: ZoneSignal) -> bool:
    """Whether a way in that has tripped was open before an event: it was in the entry time."""
    by_ms = signal.at_ms + SURE_AFTER_MS
    return any(ROW_OF[one.kind].away is Meaning.DELAY and 0 < one.at_ms <= by_ms for one in state.tripped)


def _is_older(state: PanelState, row: ZoneRow, signal: ZoneSignal) -> bool:
    """Whether an event was before the present phase; one that was just now may seem so, as clocks of nodes go, and what is
    passed on the way in however late it is heard of."""
    since_ms = state.timer.since.wall_ms if state.timer else 0
    return _is_before(signal, since_ms - (SURE_AFTER_MS if row.is_passed and signal.is_late else 0))


def _is_before(signal: ZoneSignal, moment_ms: int) -> bool:
    return 0 < signal.at_ms < moment_ms - (0 if signal.is_late else SURE_AFTER_MS)


def _then(row: ZoneRow, stay: Stay, signal: ZoneSignal) -> Meaning:
    """What it meant in a stay, entry and alarms left aside."""
    if stay.mode is PanelMode.OFF:
        return row.off
    if signal.at_ms and stay.is_leaving(signal.at_ms):
        return row.exit
    return row.home if stay.mode is PanelMode.HOME else row.away


def _stay_of(state: PanelState, signal: ZoneSignal) -> int:
    """Index of the stay that an event is judged against."""
    if not signal.at_ms:
        return state.stays.strictest_since(signal.heard_ms) if signal.heard_ms else len(state.stays.all) - 1
    return state.stays.at(signal.at_ms) if signal.is_late else len(state.stays.all) - 1


def _start(signal: ZoneSignal, scene: Scene) -> Moment:
    """When the event was, on both clocks, as if the concentrator had never slept since; one that is doubtful is now."""
    now = scene.moment
    if not signal.at_ms:
        return now
    return later(now, -max(_awake_ms(signal.at_ms, now.wall_ms, scene.asleep), 0) / 1000)


def _is_settling(state: PanelState, signal: ZoneSignal) -> bool:
    return signal.is_after_start and state.is_settling(signal.source.contact)


def _tried(row: ZoneRow, meaning: Meaning, source: Source) -> Told:
    kind = ReportKind.OPENED if meaning is Meaning.LOG else row.alarm
    return Told(kind, Lane.ROUTINE, "on test", source, is_test=True)


def _logged(state: PanelState, source: Source, rule: str) -> Decision:
    return Decision(state, (Told(ReportKind.OPENED, Lane.ROUTINE, rule, source),))
