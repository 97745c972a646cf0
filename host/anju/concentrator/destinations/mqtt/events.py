"""What happened, as another program is told: by id, kind and place. Nobody's name, no code, no reason that somebody has typed."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from anju.concentrator.core.places import Address
from anju.concentrator.destinations.mqtt.topics import Topics, node_part
from anju.uplink.reports import ALARMS, Report, ReportKind, ZoneKind

SILENT = frozenset({ZoneKind.SILENT_HOLD_UP, ZoneKind.SILENT_ANY_PRESS})
"""Pressed in front of somebody who must not notice."""
TOLD = ALARMS | {
    ReportKind.HOLD_UP_HELD,
    ReportKind.ALARM_PENDING,
    ReportKind.ALARM_ABORTED,
    ReportKind.ALARM_CANCELLED,
    ReportKind.OPENED,
    ReportKind.CLOSED,
    ReportKind.RESTORED,
    ReportKind.TAMPER_RESTORED,
    ReportKind.ARMED,
    ReportKind.ARM_REFUSED,
    ReportKind.ARM_MISSED,
    ReportKind.DISARMED,
    ReportKind.EXIT_RESTARTED,
    ReportKind.EXIT_ENDED,
    ReportKind.ENTRY_STARTED,
    ReportKind.BYPASSED,
    ReportKind.BYPASS_ENDED,
    ReportKind.LATCH_RESET,
    ReportKind.SIREN_ENDED,
    ReportKind.TEST_STARTED,
    ReportKind.TEST_ENDED,
    ReportKind.TROUBLE,
    ReportKind.TROUBLE_RESTORED,
}
"""All else is the estate's own affair: keys, codes, schedules, records, backups."""
PRESSED, HELD, TRIED = "pressed", "held", "tried"
PRESS_TYPES = (PRESSED, HELD, TRIED)
"""What the event entity of a button tells Home Assistant."""


class Message(NamedTuple):
    """Something to publish, at least once (QoS 1)."""

    topic: str
    payload: bytes
    retain: bool = False


def event_id(journal_id: str, seq: int) -> str:
    """The id of a row, unlike that of any other row of any journal; the same whenever it is told again."""
    return f"{journal_id}-{seq}"


def is_told(report: Report, *, silent_alarms: bool) -> bool:
    """Whether others hear of it. A silent alarm is no secret from the duty room, but it may be one from a screen at home."""
    if report.kind not in TOLD:
        return False
    is_silent = report.kind is ReportKind.DURESS_ALARM or (report.zone is not None and report.zone.kind in SILENT)
    return silent_alarms or not is_silent


def messages(report: Report, journal_id: str, topics: Topics) -> list[Message]:
    """What is published of a report: the event, and of a button what an event entity understands."""
    told = _told(report, journal_id)
    found = [Message(topics.of(report.household, "event"), encoded(told))]
    press = _press(report)
    if press and report.household and report.node and report.zone:
        part = node_part(Address(report.node.network, report.node.node))
        topic = topics.of(report.household, part, f"z{report.zone.number}", "press")
        found.append(Message(topic, encoded({"event_type": press, "id": told["id"]})))
    return found


def encoded(value: dict[str, Any]) -> bytes:
    """JSON in the order of its names: the same value is the same bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _press(report: Report) -> str | None:
    if report.kind is ReportKind.HOLD_UP_ALARM:
        return TRIED if report.is_test else PRESSED
    return HELD if report.kind is ReportKind.HOLD_UP_HELD else None


def _told(report: Report, journal_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": event_id(journal_id, report.seq),
        "kind": report.kind.value,
        "lane": report.lane.value,
        "recorded_at_ms": report.recorded_at_ms,
        "test": report.is_test,
    }
    if report.event_at_ms is not None:
        told["event_at_ms"] = report.event_at_ms
    told |= {name: True for name in ("delayed", "time_doubtful") if getattr(report, name)}
    if report.node:
        told["node"] = node_part(Address(report.node.network, report.node.node))
    if report.witnessed:
        # By which the same event is known under another id: a restored concentrator's journal has another name.
        told["node_event"] = f"{report.witnessed.epoch}-{report.witnessed.first_counter}"
    if report.zone:
        told["zone"] = {"kind": report.zone.kind.value, "number": report.zone.number}
    if report.trouble:
        told["trouble"] = report.trouble.value
    if report.panel:
        told["mode"] = report.panel.mode.value
    return told
