"""What a fresh, authenticated message changes: from a node's words to signals, reports and a verdict. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from anju.concentrator.core.draft import Draft
from anju.concentrator.core.keypads import is_request
from anju.concentrator.core.node import EventKey
from anju.concentrator.core.node_kinds import kind_of
from anju.concentrator.core.panel.signals import StartSignal, ZoneSignal
from anju.concentrator.core.panel.source import Contact, Source
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.core.panel.zones import HOLD_UPS
from anju.concentrator.core.places import Address, Linked, LinkId, Placement, reported
from anju.uplink.reports import Evidence as Evidenced
from anju.uplink.reports import Lane, NodeAddress, OutcomeKind, PanelMode, ReportKind, TroubleKind, Witnessed, ZoneKind
from anju.wire import evidence
from anju.wire.evidence import EvidenceFault
from anju.wire.messages import Ack, Command, Evidence, Hello, Message, Status, Unknown
from anju.wire.table import TIME_UNKNOWN, ArmMode, Code, Extra, Flag, ResetCause, Type, Verdict

DELAYED_AFTER_MS = 30_000
"""An event older than this is shown as delayed (protocol.md, Time)."""

FUTURE_AFTER_MS = 30_000
"""A node's clock this far ahead of ours is trouble; its time is not believed."""

EARLIEST_MS = 1_704_067_200_000
"""1 January 2024: there was no node before. A clock that says so was never set, and its event must not be judged
against an arm state of that time, which was off."""

CARRIED_OUT = (Verdict.ACCEPTED, Verdict.DUPLICATE)
"""What a node says of a command that it has carried out, now or before."""

ARM_MODES = {PanelMode.OFF: ArmMode.OFF, PanelMode.HOME: ArmMode.HOME, PanelMode.AWAY: ArmMode.AWAY}
"""A panel's arm mode, as an ACK tells it."""


_POWER_UPS = frozenset({ResetCause.POWER_ON, ResetCause.UNKNOWN})
_SILENCE = (TroubleKind.NODE_SILENT, TroubleKind.NODE_LOST)


class Recorded(Protocol):
    """Looks an event up in the journal: `journal.holds`."""

    def __call__(self, event: EventKey) -> bool: ...


class Tested(Protocol):
    """Whether an event that is in the journal was taken as a TEST: `journal.was_test`."""

    def __call__(self, event: EventKey) -> bool: ...


class Heard(NamedTuple):
    """A fresh message, where its node hangs, when the node was heard before it (0 = never), and which device it is."""

    message: Message
    placement: Placement
    last_heard_ms: int
    linked: Linked | None = None

    @property
    def address(self) -> Address:
        """The node."""
        return Address(self.message.header.network, self.message.header.node)

    @property
    def node(self) -> NodeAddress:
        """The node, as a report names it."""
        return reported(self.address)

    def origin(self) -> dict[str, Any]:
        """The fields of a report that say where it came from."""
        return {"node": self.node, "counter": self.message.header.counter}


def take(draft: Draft, heard: Heard, holds: Recorded) -> Verdict | None:
    """Apply a fresh message to the draft; the verdict for its ack, or None where none is owed."""
    for kind in _SILENCE:
        draft.mend(Fault.of(kind, heard.address))
    match heard.message.body:
        case Status(type=Type.REQUEST) as request:
            _status(draft, heard, request)
            if is_request(heard.message, heard.placement):
                return None  # answered once it is granted or not
            return _not_understood(draft, heard, urgent=bool(request.flags & Flag.URGENT))
        case Status() as status:
            _status(draft, heard, status)
            return _event(draft, heard, status, holds) if status.type == Type.EVENT else Verdict.ACCEPTED
        case Hello() as hello:
            return _hello(draft, heard, hello)
        case Ack() as ack:
            if not draft.is_probe(LinkId(heard.address, ack.acked_epoch), ack.acked_counter):
                _command_answered(draft, heard.address, ack)
            return None
        case Evidence():
            return _evidence(draft, heard)
        case Unknown() | Command() as stranger:
            return _not_understood(draft, heard, urgent=bool(stranger.flags & Flag.URGENT))


def was_test(draft: Draft, message: Message, tested: Tested) -> bool:
    """Whether what a message tells, now or before, was taken as a TEST: so the resident is told."""
    status = message.body
    if not isinstance(status, Status) or status.type != Type.EVENT:
        return False
    event = EventKey.of(message.header, status.event_id)
    return draft.events[event] if event in draft.events else tested(event)


def _event(draft: Draft, heard: Heard, status: Status, holds: Recorded) -> Verdict:
    placement = heard.placement
    event = EventKey.of(heard.message.header, status.event_id)
    if event in draft.events or holds(event):
        return Verdict.DUPLICATE
    time = _time(draft, heard, status)
    signal = _signal(draft, heard, status, time, event)
    facts = heard.origin()
    if event.first_counter >= 0:  # a node whose event is older than its counters will not sign for it
        facts["witnessed"] = Witnessed(
            code=status.code,
            epoch=event.epoch,
            first_counter=event.first_counter,
            time_s=status.time_s,
            zone=status.zone,
        )
    else:
        facts["epoch"] = event.epoch
    if status.zone < len(placement.inputs):
        zone = placement.inputs[status.zone]
        facts["zone"] = zone.model_copy(update={"kind": HOLD_UPS.get(zone.kind, zone.kind)})
    reports = draft.signal(
        placement.household,
        signal,
        event=event,
        event_id=status.event_id,
        event_at_ms=signal.at_ms or None,
        delayed=time.is_late,
        time_doubtful=not signal.at_ms,
        **facts,
    )
    if walk := draft.walk(placement.household):
        draft.walks[placement.household] = walk.heard(reports[0])
    if time.is_wrong:
        draft.trouble(TroubleKind.NODE_CLOCK, placement.household, node=heard.node)
    return Verdict.ACCEPTED


class _Time(NamedTuple):
    """When an event was: `at_ms` 0 if that is doubtful."""

    at_ms: int
    is_late: bool
    is_wrong: bool


def _time(draft: Draft, heard: Heard, status: Status) -> _Time:
    now_ms, at_ms = draft.moment.wall_ms, status.time_s * 1000
    if status.time_s == TIME_UNKNOWN:
        return _Time(0, is_late=False, is_wrong=False)
    set_by_ms = draft.set_since(heard.address)
    if set_by_ms is not None and abs(now_ms - at_ms) > DELAYED_AFTER_MS:
        # A node that has not heard yet that our clock was set is not to blame: what was just now by the old one was just now.
        old_ms = at_ms + set_by_ms
        return _Time(old_ms if abs(now_ms - old_ms) <= DELAYED_AFTER_MS else 0, is_late=False, is_wrong=False)
    if not EARLIEST_MS <= at_ms <= now_ms + FUTURE_AFTER_MS:
        return _Time(0, is_late=False, is_wrong=True)
    return _Time(at_ms, now_ms - at_ms > DELAYED_AFTER_MS, is_wrong=False)


def _signal(draft: Draft, heard: Heard, status: Status, time: _Time, event: EventKey) -> ZoneSignal:
    """What the household's panel is told of an event."""
    contact = Contact(*heard.address, status.zone)
    inputs = heard.placement.inputs
    zone = inputs[status.zone] if status.zone < len(inputs) else None
    kind = zone.kind if zone else ZoneKind.INSTANT  # of an input that nobody has planned: there is no way in
    source = Source(contact, kind, zone.name if zone else "", status.event_id, time.at_ms)
    is_urgent = bool(status.flags & Flag.URGENT)
    return ZoneSignal(
        status.code,
        is_urgent,
        source,
        time.at_ms,
        heard.last_heard_ms,
        time.is_late,
        on_test=_is_on_test(
            draft.look(heard.placement.household, is_call=is_urgent),
            time.at_ms,
            heard.last_heard_ms,
            is_urgent=is_urgent,
        ),
        is_after_start=event.first_counter > draft.node(heard.address).started,
    )


def _is_on_test(panel: PanelState, at_ms: int, heard_ms: int, *, is_urgent: bool) -> bool:
    """Whether an event was a TEST: what may have happened before, or after, was meant.

    One of a time that is not known, as a node tells whose battery was just changed, happened since it was last heard. A press is
    not judged by that.
    """
    if at_ms:
        return panel.was_on_test(at_ms)
    return panel.test is not None and panel.test.from_ms <= heard_ms and not is_urgent


def _status(draft: Draft, heard: Heard, status: Status) -> None:
    """What every STATUS tells beside its event: that the node is there, its levels, its battery, and how its clock goes."""
    node, address = draft.node(heard.address), heard.address
    if heard.message.header.counter == node.window.highest:
        # Levels come only from the highest accepted counter: an older frame must not undo them.
        node = node._replace(levels=status.levels)
    if status.time_s and abs(draft.moment.wall_ms - status.time_s * 1000) <= DELAYED_AFTER_MS:
        draft.trust_clock(address)
    kind = kind_of(node.firmware)
    if kind.battery and status.battery_20mv:
        node = node._replace(battery=node.battery.read(status.battery_20mv, draft.moment.wall_ms, kind.battery))
        low = Fault.of(TroubleKind.BATTERY_LOW, address)
        if node.battery.is_low:
            draft.fault(low, forecast_days=node.battery.days_left(kind.battery))
        else:
            draft.mend(low)
    draft.nodes[address] = node


def _hello(draft: Draft, heard: Heard, hello: Hello) -> Verdict:
    node = draft.node(heard.address)
    if node.boot == hello.challenge:
        return Verdict.DUPLICATE
    named = heard.message.extra(Extra.BUILD)
    build = named or f"{hello.major}.{hello.minor}.{hello.patch}".encode()
    firmware = "".join(chr(byte) for byte in build[:64] if 0x20 <= byte < 0x7F)
    counter = heard.message.header.counter
    draft.nodes[heard.address] = node._replace(boot=hello.challenge, firmware=firmware, started=counter)
    household = heard.placement.household
    # A node that loses its power while somebody is away may have been made to.
    is_suspect = hello.reset_cause in _POWER_UPS and draft.is_armed(household)
    lane = Lane.ALARM if is_suspect else Lane.ROUTINE
    draft.record(ReportKind.NODE_STARTED, lane, household=household, firmware=firmware, **heard.origin())
    if hello.reset_cause in _POWER_UPS:
        draft.signal(household, StartSignal(*heard.address))
    return Verdict.ACCEPTED


def _evidence(draft: Draft, heard: Heard) -> Verdict:
    """A node's statement, recorded once, if the device that this link is of has signed it."""
    try:
        told = evidence.read(heard.message, heard.linked.device) if heard.linked else None
    except EvidenceFault:
        told = None
    if told is None or heard.linked is None or not told.is_by(heard.linked.public_key):
        draft.trouble(TroubleKind.EVIDENCE, heard.placement.household, node=heard.node)
        return Verdict.NOT_UNDERSTOOD
    node = draft.node(heard.address)
    if node.evidence == told.digest:
        return Verdict.DUPLICATE
    draft.nodes[heard.address] = node._replace(evidence=told.digest)
    statement = told.statement
    draft.record(
        ReportKind.EVIDENCE,
        Lane.ROUTINE,
        household=heard.placement.household,
        device=heard.linked.device,
        evidence=Evidenced(
            before=statement.before.hex(),
            digest=told.digest.hex(),
            epoch=statement.epoch,
            events=tuple(Witnessed(**event._asdict()) for event in told.events),
            public_key=heard.linked.public_key.hex(),
            signature=told.signature.hex(),
            time_age_s=statement.time_age_s,
            time_s=statement.time_s,
        ),
        **heard.origin(),
    )
    return Verdict.ACCEPTED


def _not_understood(draft: Draft, heard: Heard, *, urgent: bool) -> Verdict:
    nowhere = Source(Contact(*heard.address, 0), ZoneKind.INSTANT)
    draft.signal(
        heard.placement.household, ZoneSignal(Code.NONE, urgent, nowhere, 0), time_doubtful=True, **heard.origin()
    )
    return Verdict.NOT_UNDERSTOOD


def _command_answered(draft: Draft, address: Address, ack: Ack) -> None:
    waiting = draft.pending_of(address, ack.event_id)
    if waiting is None or ack.verdict == Verdict.EXPIRED:
        # A node that does not know the time yet calls everything expired. It learns it within seconds and is asked again;
        # what is really too late ends by our own clock.
        return
    done = OutcomeKind.DONE if waiting.is_own else OutcomeKind.SHOWN
    draft.end(waiting, done if ack.verdict in CARRIED_OUT else OutcomeKind.REFUSED)
