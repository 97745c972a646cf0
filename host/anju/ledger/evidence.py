"""Checks what nodes have signed of their events, with nothing but what was journalled and public keys.

For each statement: is it signed by the key that the device is named after, and by the one that is trusted for it; does every
event of it stand in the journal as it was signed; is it the next one of the device's chain. Who changes, removes or makes up a
report of an event that was signed for is found out, and so is who removes a statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from anju.uplink.reports import ALARMS, Evidence, Report, Witnessed
from anju.wire import evidence as wire
from anju.wire.evidence import SignedStatement, Statement

_FIRST = "0" * 64
"""`before` of a statement that has none before it."""


class Fault(StrEnum):
    """What is wrong with a statement."""

    SIGNATURE = "signature"
    """Not signed by the device's key, or changed afterwards."""
    UNTRUSTED = "untrusted"
    """Signed by a key that is none of those that are trusted."""
    MISSING = "missing"
    """An event that was signed for is not there."""
    CHANGED = "changed"
    """An event stands there otherwise than it was signed for."""
    GAP = "gap"
    """The statement before it is not there."""


class Finding(NamedTuple):
    """One fault: number of the statement's report, device, and the event's first counter where it is about one."""

    seq: int
    device: str
    fault: Fault
    counter: int | None = None


@dataclass(slots=True)
class Findings:
    """What came out. `signed` and `alarms` count alarms that were signed for, and all that nodes have made."""

    statements: int = 0
    devices: set[str] = field(default_factory=set)
    events: int = 0
    alarms: int = 0
    signed: int = 0
    faults: list[Finding] = field(default_factory=list)


class _Event(NamedTuple):
    """By which a node's event is known."""

    network: int
    node: int
    epoch: int
    first_counter: int


class _Counters(NamedTuple):
    """Under which events of one node count up."""

    network: int
    node: int
    epoch: int


def check(reports: Iterable[Report], trusted: Mapping[str, str] | None = None, cut_at: int = 0) -> Findings:
    """Go through all reports of one journal, in their order. `trusted`: public key (hexadecimal) by device id; None = each
    device's own, which its id is made of. `cut_at`: up to this row the journal was cut off (`anju.ledger.head.Cut`).
    """
    found = Findings()
    events: dict[_Event, Witnessed] = {}
    alarms: set[_Event] = set()
    statements: list[Report] = []
    first: dict[_Counters, int] = {}
    newest: dict[_Counters, int] = {}
    for report in reports:
        if report.evidence is not None:
            statements.append(report)
        elif report.witnessed is not None and report.node is not None:
            key = _key(report, report.witnessed)
            events[key] = report.witnessed
            counters, counter = _Counters(*key[:3]), key.first_counter
            if report.seq > cut_at:
                first[counters] = min(first.get(counters, counter), counter)
            else:  # the newest one of a node is never cut off
                newest[counters] = max(newest.get(counters, counter), counter)
            if report.kind in ALARMS:
                alarms.add(key)
    signed: set[_Event] = set()
    chains: dict[str, set[str]] = {}
    for report in statements:
        signed |= _judge(report, events, chains, trusted, found, newest | first if cut_at else None)
    found.statements, found.events = len(statements), len(signed)
    found.alarms, found.signed = len(alarms), len(alarms & signed)
    return found


def _judge(
    report: Report,
    events: Mapping[_Event, Witnessed],
    chains: dict[str, set[str]],
    trusted: Mapping[str, str] | None,
    found: Findings,
    first: Mapping[_Counters, int] | None,
) -> set[_Event]:
    """Add what is wrong with one statement; the events for which it is good. `first`: counter of the first event of a node
    from which on none was cut off; None: nothing was."""
    told, device = report.evidence, report.device or ""
    assert told is not None  # noqa: S101 - the caller looked
    found.devices.add(device)

    def fault(kind: Fault, counter: int | None = None) -> None:
        found.faults.append(Finding(report.seq, device, kind, counter))

    known = chains.setdefault(device, {_FIRST})
    is_first = len(known) == 1
    if told.before not in known and not (is_first and first is not None):
        fault(Fault.GAP)
    known |= {told.before, told.digest}
    if not _is_signed(report, told):
        fault(Fault.SIGNATURE)
        return set()
    if trusted is not None and trusted.get(device) != told.public_key:
        fault(Fault.UNTRUSTED)
        return set()
    good = set()
    for event in told.events:
        key = _key(report, event)
        there = events.get(key)
        if there is None:
            if first is None or first.get(_Counters(*key[:3]), 0) <= event.first_counter:
                fault(Fault.MISSING, event.first_counter)
        elif not _agree(event, there):
            fault(Fault.CHANGED, event.first_counter)
        else:
            good.add(key)
    return good


def _is_signed(report: Report, told: Evidence) -> bool:
    if report.node is None or report.device is None:
        return False
    place = report.node.network, report.node.node, told.epoch
    before = bytes.fromhex(told.before)
    statement = Statement(report.device.encode(), *place, told.time_s, told.time_age_s, before, len(told.events))
    rows = tuple(wire.Witnessed(**event.model_dump()) for event in told.events)
    testimony = SignedStatement(statement, rows, bytes.fromhex(told.signature))
    return testimony.digest.hex() == told.digest and testimony.is_by(bytes.fromhex(told.public_key))


def _agree(signed: Witnessed, there: Witnessed) -> bool:
    """A node that did not know the time when it sent an event may know it when it signs."""
    if not there.time_s:
        there = there.model_copy(update={"time_s": signed.time_s})
    return signed == there


def _key(report: Report, event: Witnessed) -> _Event:
    assert report.node is not None  # noqa: S101 - the caller looked
    return _Event(report.node.network, report.node.node, event.epoch, event.first_counter)
