"""In which order a guard looks at incidents: priority, then age."""

from __future__ import annotations

from collections.abc import Iterable

from anju.dutyroom.core.incident import Incident, IncidentKind

PRIORITY = {
    IncidentKind.HOLD_UP: 1,
    IncidentKind.DURESS: 1,
    IncidentKind.FIRE: 1,
    IncidentKind.UNKNOWN: 2,
    IncidentKind.TECHNICAL: 3,
    IncidentKind.INTRUSION: 4,
    IncidentKind.TAMPER: 5,
}
"""1 is looked at first. Something urgent that nobody understands may be a person in need; a technical alarm may be gas."""


def rank(incident: Incident) -> tuple[int, int, int]:
    """The place in the queue: the smallest comes first."""
    return (PRIORITY[incident.kind], incident.opened_at_ms, incident.id)


def in_order(incidents: Iterable[Incident]) -> list[Incident]:
    """The queue."""
    return sorted(incidents, key=rank)
