"""`decide`: what a signal means to a household, given its panel's state. Pure."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.state import Contact, PanelState
from anju.concentrator.core.panel.table import ZONE_ROWS, ZoneRow
from anju.uplink.reports import Lane, PanelMode, ReportKind
from anju.wire.table import Code


class ZoneSignal(NamedTuple):
    """A node's event: its code, whether it calls itself urgent, the arm mode it has to be judged against, and whether the
    household was on TEST at its time `at_ms`."""

    code: int
    urgent: bool
    mode: PanelMode
    on_test: bool = False
    contact: Contact | None = None
    at_ms: int = 0


class Action(StrEnum):
    """What an authenticated person may ask of a panel."""

    ARM = "arm"
    DISARM = "disarm"
    RESET = "reset"


class PersonSignal(NamedTuple):
    """A person's request; `mode` belongs to ARM."""

    action: Action
    at_ms: int
    mode: PanelMode = PanelMode.AWAY


class OnTestSignal(NamedTuple):
    """An authenticated person puts the household on TEST for `lasts_s`, or with 0 takes it off."""

    moment: Moment
    lasts_s: int
    person: str


Signal = ZoneSignal | PersonSignal | OnTestSignal


class Decision(NamedTuple):
    """The panel's next state and the report that says what happened, or only that it was tried."""

    state: PanelState
    kind: ReportKind
    lane: Lane
    test: bool = False


def decide(state: PanelState, signal: Signal) -> Decision:
    """Decide on one signal. What a newer node says and we don't know is raised too, as loudly as it asks; on TEST as well."""
    if isinstance(signal, PersonSignal):
        return _person(state, signal)
    if isinstance(signal, OnTestSignal):
        if signal.lasts_s:
            on_test = state.on_test(signal.moment, signal.lasts_s, signal.person)
            return Decision(on_test, ReportKind.TEST_STARTED, Lane.ROUTINE)
        return Decision(state.off_test(signal.moment), ReportKind.TEST_ENDED, Lane.ROUTINE)
    for row in ZONE_ROWS:
        if _fits(row, state, signal):
            return _told(row, state, signal)
    if signal.urgent:
        return Decision(state, ReportKind.UNKNOWN_ALARM, Lane.PANIC)
    return Decision(state, ReportKind.TROUBLE, Lane.ROUTINE)


def _fits(row: ZoneRow, state: PanelState, signal: ZoneSignal) -> bool:
    if row.code != signal.code or signal.mode not in row.modes:
        return False
    is_known = signal.contact is not None and state.was_raised(signal.contact, signal.at_ms)
    return not row.follows or (is_known and not signal.on_test)


def _told(row: ZoneRow, state: PanelState, signal: ZoneSignal) -> Decision:
    pressed = signal.contact if row.code is Code.PANIC else None
    if signal.on_test and row.in_test:
        return Decision(state.tried(pressed) if pressed else state, row.kind, Lane.ROUTINE, test=True)
    raised = state.raised(pressed, signal.at_ms) if pressed else state
    latched = raised.latched | {row.latches} if row.latches else raised.latched
    return Decision(replace(raised, latched=latched), row.kind, row.lane)


def _person(state: PanelState, signal: PersonSignal) -> Decision:
    match signal.action:
        case Action.ARM:
            return Decision(state.changed(signal.mode, signal.at_ms), ReportKind.ARMED, Lane.ROUTINE)
        case Action.DISARM:
            return Decision(state.changed(PanelMode.OFF, signal.at_ms), ReportKind.DISARMED, Lane.ROUTINE)
        case Action.RESET:
            return Decision(replace(state, latched=frozenset()), ReportKind.LATCH_RESET, Lane.ROUTINE)
