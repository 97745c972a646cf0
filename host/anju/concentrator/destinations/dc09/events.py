"""Which report is which event of Contact ID (SIA DC-05) and of SIA (DC-03). What isn't here is not told."""

from __future__ import annotations

from typing import NamedTuple

from anju.uplink.reports import PanelMode, Report, ReportKind, TroubleKind, ZoneKind

K, Z, T = ReportKind, ZoneKind, TroubleKind
NEW, RESTORED = 1, 3
"""Qualifiers of Contact ID: a new event or an opening; a restore or a closing."""
MOST_ZONE = 999


class Event(NamedTuple):
    """An event in both tongues."""

    qualifier: int
    contact_id: int
    sia: str


class _Pair(NamedTuple):
    """What begins and what ends it."""

    contact_id: int
    begun: str
    over: str

    def event(self, *, is_over: bool) -> Event:
        return Event(RESTORED if is_over else NEW, self.contact_id, self.over if is_over else self.begun)


_FIRE, _GAS, _WATER = _Pair(110, "FA", "FH"), _Pair(151, "GA", "GH"), _Pair(154, "WA", "WH")
_TAMPER = _Pair(144, "TA", "TR")
_PANIC, _SILENT_PANIC, _DURESS = _Pair(120, "PA", "PH"), _Pair(122, "HA", "HH"), _Pair(121, "HA", "HH")
_BURGLARY = {
    Z.ENTRY: _Pair(134, "BA", "BH"),
    Z.FOLLOWER: _Pair(132, "BA", "BH"),
    Z.ALL_HOURS: _Pair(133, "BA", "BH"),
}
_BURGLARY_ELSE = _Pair(130, "BA", "BH")
_DETECTORS = {Z.FIRE: _FIRE, Z.GAS: _GAS, Z.WATER: _WATER}
_DETECTOR_ELSE = _Pair(150, "UA", "UH")
_SILENT = frozenset({Z.SILENT_HOLD_UP, Z.SILENT_ANY_PRESS})

_TROUBLES = {
    T.NODE_SILENT: _Pair(381, "UY", "UJ"),
    T.NODE_LOST: _Pair(381, "UY", "UJ"),
    T.BATTERY_LOW: _Pair(384, "XT", "XR"),
    T.JAMMED: _Pair(344, "XQ", "XH"),
    T.LINK_DOWN: _Pair(333, "ET", "ER"),
    T.DESTINATION_DOWN: _Pair(350, "YC", "YK"),
    T.MAINS_DOWN: _Pair(301, "AT", "AR"),
    T.UPS_LOW: _Pair(302, "YT", "YR"),
    T.WRONG_CODES: _Pair(461, "JA", "JA"),
    T.CLOCK_STEPPED: _Pair(625, "JT", "JT"),
}
_TROUBLE_ELSE = _Pair(300, "YX", "YZ")

_OTHERS = {
    K.ALARM_CANCELLED: Event(NEW, 406, "OC"),
    K.DISARMED: Event(NEW, 401, "OP"),
    K.ARM_MISSED: Event(NEW, 454, "CI"),
    K.BYPASSED: Event(NEW, 570, "BB"),
    K.BYPASS_ENDED: Event(RESTORED, 570, "BU"),
    K.TEST_STARTED: Event(NEW, 607, "TS"),
    K.TEST_ENDED: Event(RESTORED, 607, "TE"),
}
TEST = Event(NEW, 601, "RX")
"""A manual test, which nobody takes for an alarm."""


def of(report: Report) -> Event | None:
    """The event that a report is to a receiver; None: it is told nothing of it."""
    if report.is_test and report.kind not in {K.TEST_STARTED, K.TEST_ENDED}:
        return None
    if alarm := _alarm(report):
        return alarm.event(is_over=False)
    match report.kind:
        case K.RESTORED:
            return _detector(report).event(is_over=True)
        case K.TAMPER_RESTORED:
            return _TAMPER.event(is_over=True)
        case K.TROUBLE | K.TROUBLE_RESTORED if report.trouble:
            pair = _TROUBLES.get(report.trouble, _TROUBLE_ELSE)
            return pair.event(is_over=report.kind is K.TROUBLE_RESTORED)
        case K.ARMED:
            return _armed(report)
        case _:
            return _OTHERS.get(report.kind)


def _alarm(report: Report) -> _Pair | None:
    kind = _zone_kind(report)
    match report.kind:
        case K.HOLD_UP_ALARM:
            return _SILENT_PANIC if kind in _SILENT else _PANIC
        case K.DURESS_ALARM:
            return _DURESS
        case K.FIRE_ALARM:
            return _FIRE
        case K.TAMPER_ALARM:
            return _TAMPER
        case K.INTRUSION_ALARM:
            return _BURGLARY.get(kind, _BURGLARY_ELSE) if kind else _BURGLARY_ELSE
        case K.TECHNICAL_ALARM | K.UNKNOWN_ALARM:
            return _detector(report)
        case _:
            return None


def _detector(report: Report) -> _Pair:
    return _DETECTORS.get(report.zone.kind, _DETECTOR_ELSE) if report.zone else _DETECTOR_ELSE


def _armed(report: Report) -> Event:
    if report.panel and report.panel.mode is PanelMode.HOME:
        return Event(RESTORED, 441, "CG")
    return Event(RESTORED, 403, "CA") if report.schedule else Event(RESTORED, 401, "CL")


def _zone_kind(report: Report) -> ZoneKind | None:
    return report.zone.kind if report.zone else None


def adm_cid(event: Event, account: str, partition: int, zone: int) -> str:
    """What stands between the brackets of ADM-CID."""
    return f"#{account}|{event.qualifier}{event.contact_id:03} {partition:02} {zone:03}"


def sia_dcs(event: Event, account: str, partition: int, zone: int) -> str:
    """What stands between the brackets of SIA-DCS."""
    return f"#{account}|Nri{partition}/{event.sia}{zone:03}"
