"""What a receiver is told of each report."""

from __future__ import annotations

from typing import Any

import pytest

from anju.concentrator.destinations.dc09 import events
from anju.uplink.reports import ALARMS, Lane, PanelMode, PanelView, Report, ReportKind, TroubleKind, Zone, ZoneKind

K, Z, T = ReportKind, ZoneKind, TroubleKind


def report(kind: ReportKind, zone: ZoneKind | None = None, lane: Lane = Lane.ROUTINE, **more: Any) -> Report:
    what = None if zone is None else Zone(kind=zone, name="z", number=0)
    return Report(seq=1, kind=kind, lane=lane, recorded_at_ms=0, zone=what, **more)


def view(mode: PanelMode) -> PanelView:
    return PanelView(latched=(), mode=mode)


@pytest.mark.parametrize(
    ("told", "contact_id", "sia"),
    [
        (report(K.HOLD_UP_ALARM, Z.HOLD_UP), "1120", "PA"),
        (report(K.HOLD_UP_ALARM, Z.ANY_PRESS), "1120", "PA"),
        (report(K.HOLD_UP_ALARM, Z.SILENT_HOLD_UP), "1122", "HA"),
        (report(K.HOLD_UP_ALARM, Z.SILENT_ANY_PRESS), "1122", "HA"),
        (report(K.DURESS_ALARM), "1121", "HA"),
        (report(K.FIRE_ALARM, Z.FIRE), "1110", "FA"),
        (report(K.INTRUSION_ALARM, Z.ENTRY), "1134", "BA"),
        (report(K.INTRUSION_ALARM, Z.INSTANT), "1130", "BA"),
        (report(K.INTRUSION_ALARM), "1130", "BA"),
        (report(K.TAMPER_ALARM, Z.TAMPER), "1144", "TA"),
        (report(K.TECHNICAL_ALARM, Z.GAS), "1151", "GA"),
        (report(K.TECHNICAL_ALARM, Z.WATER), "1154", "WA"),
        (report(K.RESTORED, Z.FIRE), "3110", "FH"),
        (report(K.TAMPER_RESTORED, Z.TAMPER), "3144", "TR"),
        (report(K.ALARM_CANCELLED), "1406", "OC"),
        (report(K.ARMED, panel=view(PanelMode.AWAY)), "3401", "CL"),
        (report(K.ARMED, panel=view(PanelMode.HOME)), "3441", "CG"),
        (report(K.DISARMED, panel=view(PanelMode.OFF)), "1401", "OP"),
        (report(K.BYPASSED, Z.ENTRY), "1570", "BB"),
        (report(K.BYPASS_ENDED, Z.ENTRY), "3570", "BU"),
        (report(K.TEST_STARTED), "1607", "TS"),
        (report(K.TEST_ENDED), "3607", "TE"),
        (report(K.TROUBLE, trouble=T.NODE_SILENT), "1381", "UY"),
        (report(K.TROUBLE_RESTORED, trouble=T.NODE_SILENT), "3381", "UJ"),
        (report(K.TROUBLE, trouble=T.BATTERY_LOW), "1384", "XT"),
        (report(K.TROUBLE, trouble=T.JAMMED), "1344", "XQ"),
        (report(K.TROUBLE, trouble=T.MAINS_DOWN), "1301", "AT"),
        (report(K.TROUBLE_RESTORED, trouble=T.MAINS_DOWN), "3301", "AR"),
    ],
)
def test_each_kind_has_its_code(told: Report, contact_id: str, sia: str) -> None:
    event = events.of(told)
    assert event is not None
    assert events.adm_cid(event, "1A01", 1, 7) == f"#1A01|{contact_id} 01 007"
    assert events.sia_dcs(event, "1A01", 1, 7) == f"#1A01|Nri1/{sia}007"


@pytest.mark.parametrize("kind", sorted(ALARMS))
@pytest.mark.parametrize("zone", [None, *ZoneKind])
def test_no_alarm_is_left_out_whatever_its_zone(kind: ReportKind, zone: ZoneKind | None) -> None:
    event = events.of(report(kind, zone, Lane.ALARM))
    assert event is not None
    assert event.qualifier == events.NEW


@pytest.mark.parametrize("kind", list(TroubleKind))
def test_no_trouble_is_left_out(kind: TroubleKind) -> None:
    begun, over = (events.of(report(what, trouble=kind)) for what in (K.TROUBLE, K.TROUBLE_RESTORED))
    assert begun is not None
    assert over is not None
    assert (begun.qualifier, over.qualifier) == (events.NEW, events.RESTORED)


def test_what_is_only_a_test_is_no_alarm_to_anybody() -> None:
    assert events.of(report(K.INTRUSION_ALARM, Z.ENTRY, test=True)) is None
    real = events.of(report(K.HOLD_UP_ALARM, Z.HOLD_UP, Lane.PANIC, test=True))
    assert real is not None  # held for three seconds it is meant, on TEST too


@pytest.mark.parametrize("kind", [K.ALARM_PENDING, K.ALARM_ABORTED, K.OPENED, K.CODE_SET, K.EVIDENCE, K.BACKUP_MADE])
def test_what_is_nobody_elses_business_is_not_told(kind: ReportKind) -> None:
    assert events.of(report(kind)) is None
