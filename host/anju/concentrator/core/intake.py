"""What a fresh, authenticated message changes: from a node's words to signals, reports and a verdict. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from anju.concentrator.core.draft import Draft
from anju.concentrator.core.node import EventKey
from anju.concentrator.core.panel.decide import ZoneSignal
from anju.concentrator.core.panel.state import Contact
from anju.concentrator.core.places import Address, Linked, LinkId, Placement
from anju.uplink.reports import Evidence as Evidenced
from anju.uplink.reports import Lane, NodeAddress, OutcomeKind, ReportKind, TroubleKind, Witnessed
from anju.wire import evidence
from anju.wire.evidence import EvidenceFault
from anju.wire.messages import Ack, Command, Evidence, Hello, Message, Status, Unknown
from anju.wire.table import TIME_UNKNOWN, Code, Extra, Flag, Type, Verdict

DELAYED_AFTER_MS = 30_000
"""An event older than this is shown as delayed (protocol.md, Time)."""

FUTURE_AFTER_MS = 30_000
"""A node's clock this far ahead of ours is trouble; its time is not believed."""

EARLIEST_MS = 1_704_067_200_000
"""1 January 2024: there was no node before. A clock that says so was never set, and its event must not be judged
against an arm state of that time, which was off."""

CARRIED_OUT = (Verdict.ACCEPTED, Verdict.DUPLICATE)
"""What a node says of a command that it has carried out, now or before."""


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

    def origin(self) -> dict[str, Any]:
        """The fields of a report that say where it came from."""
        header = self.message.header
        return {"node": NodeAddress(network=header.network, node=header.node), "counter": header.counter}


def take(draft: Draft, heard: Heard, holds: Recorded) -> Verdict | None:
    """Apply a fresh message to the draft; the verdict for its ack, or None where none is owed."""
    match heard.message.body:
        case Status(type=Type.EVENT) as status:
            return _event(draft, heard, status, holds)
        case Status() as heartbeat:
            _levels(draft, heard, heartbeat.levels)
            return Verdict.ACCEPTED
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
    address, placement = heard.address, heard.placement
    _levels(draft, heard, status.levels)
    event = EventKey.of(heard.message.header, status.event_id)
    if event in draft.events or holds(event):
        return Verdict.DUPLICATE
    panel = draft.settle(placement.household)
    now_ms, event_at_ms = draft.moment.wall_ms, status.time_s * 1000
    unknown = status.time_s == TIME_UNKNOWN
    wrong = not unknown and not EARLIEST_MS <= event_at_ms <= now_ms + FUTURE_AFTER_MS
    doubtful = unknown or wrong
    delayed = not doubtful and now_ms - event_at_ms > DELAYED_AFTER_MS
    mode = panel.mode
    if doubtful:
        mode = panel.strictest_since(heard.last_heard_ms or now_ms)
    elif delayed:
        mode = panel.mode_at(event_at_ms)
    facts = heard.origin()
    if event.first_counter >= 0:  # a node whose event is older than its counters will not sign for it
        facts["witnessed"] = Witnessed(
            code=status.code,
            epoch=event.epoch,
            first_counter=event.first_counter,
            time_s=status.time_s,
            zone=status.zone,
        )
    if status.zone < len(placement.inputs):
        facts["zone"] = placement.inputs[status.zone]
    if not doubtful:
        facts["event_at_ms"] = event_at_ms
    # On TEST only by a time that is believed: what may have happened before, or after, was meant.
    on_test = not doubtful and panel.was_on_test(event_at_ms)
    contact = Contact(*address, status.zone)
    at_ms = now_ms if doubtful else event_at_ms
    report = draft.signal(
        placement.household,
        ZoneSignal(status.code, bool(status.flags & Flag.URGENT), mode, on_test, contact, at_ms),
        event=event,
        event_id=status.event_id,
        delayed=delayed,
        time_doubtful=doubtful,
        **facts,
    )
    if walk := draft.walk(placement.household):
        draft.walks[placement.household] = walk.heard(report)
    if wrong:
        trouble(draft, TroubleKind.NODE_CLOCK, address, placement)
    return Verdict.ACCEPTED


def _hello(draft: Draft, heard: Heard, hello: Hello) -> Verdict:
    node = draft.node(heard.address)
    if node.boot == hello.challenge:
        return Verdict.DUPLICATE
    named = heard.message.extra(Extra.BUILD)
    build = named or f"{hello.major}.{hello.minor}.{hello.patch}".encode()
    firmware = "".join(chr(byte) for byte in build[:64] if 0x20 <= byte < 0x7F)
    draft.nodes[heard.address] = node._replace(boot=hello.challenge, firmware=firmware)
    household = heard.placement.household
    draft.record(ReportKind.NODE_STARTED, Lane.ROUTINE, household=household, firmware=firmware, **heard.origin())
    return Verdict.ACCEPTED


def _evidence(draft: Draft, heard: Heard) -> Verdict:
    """A node's statement, recorded once, if the device that this link is of has signed it."""
    try:
        told = evidence.read(heard.message, heard.linked.device) if heard.linked else None
    except EvidenceFault:
        told = None
    if told is None or heard.linked is None or not told.is_by(heard.linked.public_key):
        trouble(draft, TroubleKind.EVIDENCE, heard.address, heard.placement)
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
    household = heard.placement.household
    signal = ZoneSignal(Code.NONE, urgent, draft.panel(household).mode)
    draft.signal(household, signal, time_doubtful=True, **heard.origin())
    return Verdict.NOT_UNDERSTOOD


def _command_answered(draft: Draft, address: Address, ack: Ack) -> None:
    waiting = draft.pending_of(address, ack.event_id)
    if waiting is None or ack.verdict == Verdict.EXPIRED:
        # A node that does not know the time yet calls everything expired. It learns it within seconds and is asked again;
        # what is really too late ends by our own clock.
        return
    done = OutcomeKind.DONE if waiting.is_own else OutcomeKind.SHOWN
    draft.end(waiting, done if ack.verdict in CARRIED_OUT else OutcomeKind.REFUSED)


def _levels(draft: Draft, heard: Heard, levels: int) -> None:
    """Levels come only from the highest accepted counter: an older frame must not undo them."""
    node = draft.node(heard.address)
    if heard.message.header.counter == node.window.highest:
        draft.nodes[heard.address] = node._replace(levels=levels)


def trouble(draft: Draft, kind: TroubleKind, address: Address | None, placement: Placement | None) -> None:
    """Journal a trouble; it names a node and household where they are certain."""
    facts: dict[str, Any] = {"trouble": kind}
    if address and placement:
        facts["node"] = NodeAddress(network=address.network, node=address.node)
        facts["household"] = placement.household
    draft.record(ReportKind.TROUBLE, Lane.ROUTINE, **facts)
