"""Arming as named rows: read them from top to bottom, the first whose phase and trigger fit decides.

    OFF ──leaves──► EXIT ──is out──► GUARD ──comes home──► ENTRY ──is not known──► ABORT ──is an alarm──► GUARD
                                       └──────────────breaks in──────────────────────┘

Whoever disarms is OFF, from anywhere. GUARD has two modes, home and away; the others are ways from one to another, each
with a timer that ends it. What a row tells goes up as reports, in this order.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from anju.uplink.reports import ReportKind


class Phase(StrEnum):
    """Where a household is between off and guarded."""

    OFF = "off"
    EXIT = "exit"
    GUARD = "guard"
    ENTRY = "entry"
    ABORT = "abort"


class Trigger(StrEnum):
    """What moves a household from one phase to another."""

    ARM_AWAY = "arm away"
    ARM_HOME = "arm home"
    DISARM = "disarm"
    DISARM_LATE = "disarm after an alarm"
    DELAY = "a way in is opened"
    CAME_IN = "a way in was opened before"
    TRIP = "a guarded zone trips"
    RETURN = "a way in is opened for the second time"
    TIME = "the time is over"
    TIME_OPEN = "the time is over and a zone is open"


class Span(StrEnum):
    """A time that an estate chooses."""

    EXIT = "exit"
    ENTRY = "entry"
    ABORT = "abort"


class ArmingRow(NamedTuple):
    """In one of `phases`, `trigger` leads to `then`, for `lasts` if that has an end; None: what runs goes on."""

    name: str
    phases: frozenset[Phase]
    trigger: Trigger
    then: Phase
    lasts: Span | None
    tells: tuple[ReportKind, ...]


def _in(*phases: Phase) -> frozenset[Phase]:
    return frozenset(phases)


OFF, EXIT, GUARD, ENTRY, ABORT = Phase.OFF, Phase.EXIT, Phase.GUARD, Phase.ENTRY, Phase.ABORT
ARMED = (ReportKind.ARMED,)
PENDING = (ReportKind.ALARM_PENDING,)
DISARMED = (ReportKind.DISARMED,)
ABORTED = (ReportKind.ALARM_ABORTED, ReportKind.DISARMED)
CANCELLED = (ReportKind.ALARM_CANCELLED, ReportKind.DISARMED)

ARMING_ROWS = (
    ArmingRow("leaves", _in(OFF, GUARD), Trigger.ARM_AWAY, EXIT, Span.EXIT, ARMED),
    ArmingRow("stays", _in(OFF, EXIT, GUARD), Trigger.ARM_HOME, GUARD, None, ARMED),
    ArmingRow("first says who it is", _in(ENTRY), Trigger.ARM_AWAY, ENTRY, None, (ReportKind.ARM_REFUSED,)),
    ArmingRow("first says who it is", _in(ENTRY), Trigger.ARM_HOME, ENTRY, None, (ReportKind.ARM_REFUSED,)),
    ArmingRow("first says who it is", _in(ABORT), Trigger.ARM_AWAY, ABORT, None, (ReportKind.ARM_REFUSED,)),
    ArmingRow("first says who it is", _in(ABORT), Trigger.ARM_HOME, ABORT, None, (ReportKind.ARM_REFUSED,)),
    ArmingRow("fetches something", _in(EXIT), Trigger.RETURN, EXIT, Span.EXIT, (ReportKind.EXIT_RESTARTED,)),
    ArmingRow("is out", _in(EXIT), Trigger.TIME, GUARD, None, (ReportKind.EXIT_ENDED,)),
    ArmingRow("left it open", _in(EXIT), Trigger.TIME_OPEN, ENTRY, Span.ENTRY, (ReportKind.ENTRY_STARTED,)),
    ArmingRow("comes home", _in(GUARD), Trigger.DELAY, ENTRY, Span.ENTRY, (ReportKind.ENTRY_STARTED,)),
    ArmingRow("had come in before", _in(ENTRY, ABORT), Trigger.CAME_IN, ENTRY, Span.ENTRY, (ReportKind.ENTRY_STARTED,)),
    ArmingRow("is not known", _in(ENTRY), Trigger.TIME, ABORT, Span.ABORT, PENDING),
    ArmingRow("breaks in", _in(GUARD, ENTRY), Trigger.TRIP, ABORT, Span.ABORT, PENDING),
    ArmingRow("goes on", _in(ABORT), Trigger.TRIP, ABORT, None, PENDING),
    ArmingRow("is an alarm", _in(ABORT), Trigger.TIME, GUARD, None, (ReportKind.INTRUSION_ALARM,)),
    ArmingRow("was a mistake", _in(ABORT), Trigger.DISARM, OFF, None, ABORTED),
    ArmingRow("was a mistake again", _in(ABORT), Trigger.DISARM_LATE, OFF, None, ABORTED),
    ArmingRow("gives the all-clear", _in(OFF, EXIT, GUARD, ENTRY), Trigger.DISARM_LATE, OFF, None, CANCELLED),
    ArmingRow("is known", _in(OFF, EXIT, GUARD, ENTRY), Trigger.DISARM, OFF, None, DISARMED),
)


def row_for(phase: Phase, trigger: Trigger) -> ArmingRow | None:
    """The first row that fits; None: nothing happens."""
    for row in ARMING_ROWS:
        if row.trigger is trigger and phase in row.phases:
            return row
    return None
