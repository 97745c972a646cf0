"""The panel's transitions as named rows: read them from top to bottom, the first that fits decides.

Hold-up and tamper have no column for the arm mode because no mode changes them (invariants I4 and I5). While a household is on
TEST, a row whose `in_test` is TRIED is reported in the routine lane and latches nothing; one that is MEANT stays as it is.
"""

from __future__ import annotations

from typing import NamedTuple

from anju.uplink.reports import Lane, PanelMode, ReportKind, ZoneKind
from anju.wire.table import Code

ANY_MODE = frozenset(PanelMode)
ARMED = frozenset({PanelMode.HOME, PanelMode.AWAY})
UNARMED = frozenset({PanelMode.OFF})


TRIED, MEANT = True, False


class ZoneRow(NamedTuple):
    """When a node says `code` in one of `modes`: report `kind` in `lane`, and latch `latches`. If it `follows`, then only behind
    a press of the same input that was raised."""

    name: str
    code: Code
    modes: frozenset[PanelMode]
    kind: ReportKind
    lane: Lane
    latches: ZoneKind | None = None
    in_test: bool = TRIED
    follows: bool = False


ZONE_ROWS = (
    ZoneRow("button pressed", Code.PANIC, ANY_MODE, ReportKind.HOLD_UP_ALARM, Lane.PANIC, ZoneKind.HOLD_UP),
    ZoneRow("button still held", Code.HELD, ANY_MODE, ReportKind.HOLD_UP_HELD, Lane.ROUTINE, None, MEANT, follows=True),
    ZoneRow("button held", Code.HELD, ANY_MODE, ReportKind.HOLD_UP_ALARM, Lane.PANIC, ZoneKind.HOLD_UP, MEANT),
    ZoneRow("case opened", Code.TAMPERED, ANY_MODE, ReportKind.TAMPER_ALARM, Lane.ALARM, ZoneKind.TAMPER),
    ZoneRow(
        "node forgets its place", Code.LEAVING, ANY_MODE, ReportKind.TAMPER_ALARM, Lane.ALARM, ZoneKind.TAMPER, MEANT
    ),
    ZoneRow("case closed", Code.TAMPER_RESTORED, ANY_MODE, ReportKind.TAMPER_RESTORED, Lane.ROUTINE),
    ZoneRow("door opened, armed", Code.OPENED, ARMED, ReportKind.INTRUSION_ALARM, Lane.ALARM, ZoneKind.ENTRY),
    ZoneRow("door opened, unarmed", Code.OPENED, UNARMED, ReportKind.OPENED, Lane.ROUTINE),
    ZoneRow("door closed", Code.CLOSED, ANY_MODE, ReportKind.CLOSED, Lane.ROUTINE),
)
