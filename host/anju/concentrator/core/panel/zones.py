"""Zone kinds as named rows: what a zone of each kind means when it becomes active, in every state that a panel can be in.

    kind        off     exit    home    away    entry   abort
    entry       LOG     LOG     DELAY   DELAY   LOG     LOG       the way in: there is time to disarm
    instant     LOG     LOG     TRIP    TRIP    TRIP    TRIP      no way in
    follower    LOG     LOG     LOG     TRIP    LOG     TRIP      inside: guarded only while nobody is at home
    siren, keypad: LOG everywhere. They say nothing of the household; what is asked with keys comes as a person's signal
    the others  ALARM   ALARM   ALARM   ALARM   ALARM   ALARM     no person's arming or disarming has any say in it

LOG: it is reported, and that is all. DELAY: the entry time begins. TRIP: it sounds, and becomes an alarm unless a person disarms
within the abort window. ALARM: it is one. What is not guarded at home does not TRIP there in the abort window either. Only what
can DELAY or TRIP may be bypassed, shut as a swinger, or called off (CP-01). A follower that is heard of late does not TRIP but
DELAY: that somebody had opened a way in before may be heard of later still.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from anju.uplink.reports import Lane, ReportKind, ZoneKind
from anju.wire.table import InputKind


class Meaning(StrEnum):
    """What it means that a zone becomes active."""

    LOG = "log"
    DELAY = "delay"
    TRIP = "trip"
    ALARM = "alarm"


class Siren(StrEnum):
    """What a household hears. FIRE outranks HOLD_UP, that INTRUSION."""

    INTRUSION = "intrusion"
    HOLD_UP = "hold_up"
    FIRE = "fire"


class ZoneRow(NamedTuple):
    """One kind of zone: how a node takes it, what it means in each state, and the alarm it raises.

    `loud_off`: whether the siren sounds while the household is not armed, too.
    """

    kind: ZoneKind
    input: InputKind
    off: Meaning
    exit: Meaning
    home: Meaning
    away: Meaning
    entry: Meaning
    abort: Meaning
    alarm: ReportKind
    lane: Lane
    siren: Siren | None
    loud_off: bool

    @property
    def may_be_bypassed(self) -> bool:
        """Whether a person may take such a zone out for a while (never hold-up, fire, tamper: I4, I5)."""
        return Meaning.ALARM not in self.meanings

    @property
    def is_passed(self) -> bool:
        """Whether it is a follower: whoever comes in by a way in passes it before there was time to disarm."""
        return self.away is Meaning.TRIP and self.entry is Meaning.LOG

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        """By state: off, exit, home, away, entry, abort."""
        return (self.off, self.exit, self.home, self.away, self.entry, self.abort)


LOG, DELAY, TRIP, ALARM = Meaning.LOG, Meaning.DELAY, Meaning.TRIP, Meaning.ALARM
ALL_LOG = (LOG, LOG, LOG, LOG, LOG, LOG)
ALL_ALARM = (ALARM, ALARM, ALARM, ALARM, ALARM, ALARM)
_HOLD_UP, _INTRUSION, _TECHNICAL = ReportKind.HOLD_UP_ALARM, ReportKind.INTRUSION_ALARM, ReportKind.TECHNICAL_ALARM
_CONTACT, _CASE, _DETECTOR = InputKind.ENTRY, InputKind.TAMPER, InputKind.DETECTOR
_BUTTON, _ANY_PRESS = InputKind.HOLD_UP, InputKind.ANY_PRESS
_SILENT_BUTTON, _SILENT_ANY_PRESS = InputKind.SILENT_HOLD_UP, InputKind.SILENT_ANY_PRESS
BUTTONS = frozenset({_BUTTON, _ANY_PRESS, _SILENT_BUTTON, _SILENT_ANY_PRESS})
"""How a node takes what is pressed by whoever is in need."""

ZONE_ROWS = (
    ZoneRow(ZoneKind.ENTRY, _CONTACT, LOG, LOG, DELAY, DELAY, LOG, LOG, _INTRUSION, Lane.ALARM, Siren.INTRUSION, False),
    ZoneRow(
        ZoneKind.INSTANT, _CONTACT, LOG, LOG, TRIP, TRIP, TRIP, TRIP, _INTRUSION, Lane.ALARM, Siren.INTRUSION, False
    ),
    ZoneRow(
        ZoneKind.FOLLOWER, _CONTACT, LOG, LOG, LOG, TRIP, LOG, TRIP, _INTRUSION, Lane.ALARM, Siren.INTRUSION, False
    ),
    ZoneRow(ZoneKind.ALL_HOURS, _CONTACT, *ALL_ALARM, _INTRUSION, Lane.ALARM, Siren.INTRUSION, True),
    ZoneRow(ZoneKind.HOLD_UP, _BUTTON, *ALL_ALARM, _HOLD_UP, Lane.PANIC, Siren.HOLD_UP, True),
    ZoneRow(ZoneKind.SILENT_HOLD_UP, _SILENT_BUTTON, *ALL_ALARM, _HOLD_UP, Lane.PANIC, None, False),
    ZoneRow(ZoneKind.ANY_PRESS, _ANY_PRESS, *ALL_ALARM, _HOLD_UP, Lane.PANIC, Siren.HOLD_UP, True),
    ZoneRow(ZoneKind.SILENT_ANY_PRESS, _SILENT_ANY_PRESS, *ALL_ALARM, _HOLD_UP, Lane.PANIC, None, False),
    ZoneRow(ZoneKind.FIRE, _DETECTOR, *ALL_ALARM, ReportKind.FIRE_ALARM, Lane.PANIC, Siren.FIRE, True),
    ZoneRow(ZoneKind.GAS, _DETECTOR, *ALL_ALARM, _TECHNICAL, Lane.ALARM, Siren.FIRE, True),
    ZoneRow(ZoneKind.WATER, _DETECTOR, *ALL_ALARM, _TECHNICAL, Lane.ALARM, None, False),
    ZoneRow(ZoneKind.TAMPER, _CASE, *ALL_ALARM, ReportKind.TAMPER_ALARM, Lane.ALARM, Siren.INTRUSION, False),
    ZoneRow(ZoneKind.SIREN, InputKind.SIREN, *ALL_LOG, ReportKind.UNKNOWN_ALARM, Lane.ROUTINE, None, False),
    ZoneRow(ZoneKind.KEYPAD, InputKind.KEYPAD, *ALL_LOG, ReportKind.UNKNOWN_ALARM, Lane.ROUTINE, None, False),
)
ROW_OF = {row.kind: row for row in ZONE_ROWS}
HOLD_UPS = {
    ZoneKind.HOLD_UP: ZoneKind.HOLD_UP,
    ZoneKind.SILENT_HOLD_UP: ZoneKind.SILENT_HOLD_UP,
    ZoneKind.ANY_PRESS: ZoneKind.HOLD_UP,
    ZoneKind.SILENT_ANY_PRESS: ZoneKind.SILENT_HOLD_UP,
}
"""Zones with a button, as which they are raised, latched and reported: how somebody can press it is nobody's business there."""
