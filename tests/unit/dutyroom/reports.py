"""Reports as a concentrator would send them, short enough to read in a test."""

from __future__ import annotations

from typing import Any

from anju.uplink.canonical import canonical, digest
from anju.uplink.commands import ReportRef
from anju.uplink.reports import Batch, Lane, NodeAddress, PanelMode, PanelView, Report, ReportKind, Row, Zone, ZoneKind

JOURNAL = "ab" * 16
OTHER_JOURNAL = "cd" * 16
HOUSEHOLD = "3-2-0501"
NEIGHBOUR = "3-2-0502"
NOW_MS = 1_790_000_000_000
BEDSIDE = Zone(number=0, name="Bedside", kind=ZoneKind.HOLD_UP)
FRONT_DOOR = Zone(number=1, name="Front door", kind=ZoneKind.ENTRY)
CASE = Zone(number=2, name="Case", kind=ZoneKind.TAMPER)
DISARMED = PanelView(mode=PanelMode.OFF, latched=())
_LANES = {
    ReportKind.HOLD_UP_ALARM: Lane.PANIC,
    ReportKind.INTRUSION_ALARM: Lane.ALARM,
    ReportKind.TAMPER_ALARM: Lane.ALARM,
    ReportKind.TECHNICAL_ALARM: Lane.ALARM,
    ReportKind.FIRE_ALARM: Lane.PANIC,
    ReportKind.DURESS_ALARM: Lane.PANIC,
    ReportKind.ALARM_CANCELLED: Lane.ALARM,
}


def report(
    seq: int, kind: ReportKind, household: str | None = HOUSEHOLD, *, node: int | None = 7, **fields: Any
) -> Report:
    """One report of a node; whatever a test does not care about is plain."""
    plain: dict[str, Any] = {
        "recorded_at_ms": NOW_MS,
        "node": None if node is None else NodeAddress(network=1, node=node),
        "event_id": seq & 0xFFFF,
        "counter": seq,
        "panel": DISARMED if household else None,
    }
    lane = Lane.ROUTINE if fields.get("test") else _LANES.get(kind, Lane.ROUTINE)
    return Report(seq=seq, kind=kind, household=household, **({"lane": lane} | plain | fields))


def press(seq: int, household: str = HOUSEHOLD, *, node: int = 7, **fields: Any) -> Report:
    """Somebody presses the panic button."""
    return report(seq, ReportKind.HOLD_UP_ALARM, household, node=node, zone=BEDSIDE, **fields)


def row(one: Report) -> Row:
    """A report with its hash."""
    return Row(report=one, sha256=digest(canonical(one)))


def ref(one: Report, journal_id: str = JOURNAL) -> ReportRef:
    """How a command names a report."""
    return ReportRef(journal_id=journal_id, seq=one.seq, sha256=row(one).sha256)


def batch(*reports: Report, journal_id: str = JOURNAL, concentrator: str = "3") -> Batch:
    """Reports on their way up."""
    return Batch(journal_id=journal_id, concentrator=concentrator, rows=tuple(row(one) for one in reports))
