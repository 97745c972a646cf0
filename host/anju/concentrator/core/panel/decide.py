"""`decide`: what a signal means to a household, given its panel's state. Pure."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.table import ZONE_ROWS
from anju.uplink.reports import Lane, PanelMode, ReportKind


class ZoneSignal(NamedTuple):
    """A node's event: its code, whether it calls itself urgent, and the arm mode it has to be judged against."""

    code: int
    urgent: bool
    mode: PanelMode


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


class Decision(NamedTuple):
    """The panel's next state and the report that says what happened."""

    state: PanelState
    kind: ReportKind
    lane: Lane


def decide(state: PanelState, signal: ZoneSignal | PersonSignal) -> Decision:
    """The decision on one signal. What a newer node says and we don't know is raised too, as loudly as it asks."""
    if isinstance(signal, PersonSignal):
        return _person(state, signal)
    for row in ZONE_ROWS:
        if row.code == signal.code and signal.mode in row.modes:
            latched = state.latched | {row.latches} if row.latches else state.latched
            return Decision(replace(state, latched=latched), row.kind, row.lane)
    if signal.urgent:
        return Decision(state, ReportKind.UNKNOWN_ALARM, Lane.PANIC)
    return Decision(state, ReportKind.TROUBLE, Lane.ROUTINE)


def _person(state: PanelState, signal: PersonSignal) -> Decision:
    match signal.action:
        case Action.ARM:
            return Decision(state.changed(signal.mode, signal.at_ms), ReportKind.ARMED, Lane.ROUTINE)
        case Action.DISARM:
            return Decision(state.changed(PanelMode.OFF, signal.at_ms), ReportKind.DISARMED, Lane.ROUTINE)
        case Action.RESET:
            return Decision(replace(state, latched=frozenset()), ReportKind.LATCH_RESET, Lane.ROUTINE)
