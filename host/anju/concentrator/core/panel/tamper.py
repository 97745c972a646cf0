"""Tamper as named rows: a zone of its own that is guarded at all hours (invariant I5). No column for a state changes it.

On TEST, which is the service mode too, an open case is what a technician's work looks like; that a node forgets its place is
not.
"""

from __future__ import annotations

from typing import NamedTuple

from anju.concentrator.core.panel.hold_up import MEANT, TRIED
from anju.uplink.reports import Lane, ReportKind
from anju.wire.table import Code


class TamperRow(NamedTuple):
    """When a node says `code`: report `kind` in `lane`. Whatever is in the ALARM lane latches."""

    name: str
    code: Code
    kind: ReportKind
    lane: Lane
    in_test: bool


TAMPER_ROWS = (
    TamperRow("case opened", Code.TAMPERED, ReportKind.TAMPER_ALARM, Lane.ALARM, TRIED),
    TamperRow("node forgets its place", Code.LEAVING, ReportKind.TAMPER_ALARM, Lane.ALARM, MEANT),
    TamperRow("case closed", Code.TAMPER_RESTORED, ReportKind.TAMPER_RESTORED, Lane.ROUTINE, TRIED),
)
