"""Which event of Contact ID (SIA DC-05) or of SIA (DC-03) is which report. Nothing that is said is dropped.

What no table knows is told as trouble; what is urgent by its class, as an unknown alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from anju.dutyroom.core.panels import Said
from anju.uplink.reports import Lane, ReportKind, TroubleKind, Zone, ZoneKind

K, Z, T = ReportKind, ZoneKind, TroubleKind
ZoneOf = Callable[[int, ZoneKind], Zone | None]
"""A zone by its number on the panel, as the site names it; None for 0, which is none."""
NEW, RESTORED, STILL = "1", "3", "6"
"""Qualifiers of Contact ID."""


class Event(NamedTuple):
    """An event as it came: of which account, its code, whether it ends something (Contact ID's qualifier), a number."""

    account: str
    code: str
    number: int
    qualifier: str = ""


class _Alarm(NamedTuple):
    kind: ReportKind
    zone: ZoneKind


_PANIC, _SILENT = _Alarm(K.HOLD_UP_ALARM, Z.HOLD_UP), _Alarm(K.HOLD_UP_ALARM, Z.SILENT_HOLD_UP)
_HELP, _DURESS = _Alarm(K.HOLD_UP_ALARM, Z.ANY_PRESS), _Alarm(K.DURESS_ALARM, Z.KEYPAD)
_FIRE, _TAMPER = _Alarm(K.FIRE_ALARM, Z.FIRE), _Alarm(K.TAMPER_ALARM, Z.TAMPER)
_GAS, _WATER = _Alarm(K.TECHNICAL_ALARM, Z.GAS), _Alarm(K.TECHNICAL_ALARM, Z.WATER)
_BURGLARY, _UNKNOWN = _Alarm(K.INTRUSION_ALARM, Z.INSTANT), _Alarm(K.UNKNOWN_ALARM, Z.ALL_HOURS)
_LANES = {K.HOLD_UP_ALARM: Lane.PANIC, K.DURESS_ALARM: Lane.PANIC, K.FIRE_ALARM: Lane.PANIC}

_CID_ALARMS = {
    **dict.fromkeys(range(100, 110), _HELP),
    **dict.fromkeys(range(110, 120), _FIRE),
    **dict.fromkeys(range(120, 130), _PANIC),
    **dict.fromkeys((121, 124, 125), _DURESS),
    122: _SILENT,
    **dict.fromkeys(range(130, 140), _BURGLARY),
    132: _Alarm(K.INTRUSION_ALARM, Z.FOLLOWER),
    133: _Alarm(K.INTRUSION_ALARM, Z.ALL_HOURS),
    134: _Alarm(K.INTRUSION_ALARM, Z.ENTRY),
    **dict.fromkeys((146, 155), _BURGLARY),
    **dict.fromkeys((137, 144, 145, 341, 383), _TAMPER),
    **dict.fromkeys((151, 162), _GAS),
    154: _WATER,
}
_CID_TROUBLES = {
    **dict.fromkeys((141, 142, 143), T.PANEL_FAULT),
    147: T.NODE_SILENT,
    **dict.fromkeys(range(200, 210), T.PANEL_FAULT),
    301: T.MAINS_DOWN,
    **dict.fromkeys((302, 309, 311), T.UPS_LOW),
    **dict.fromkeys((381, 382), T.NODE_SILENT),
    344: T.JAMMED,
    384: T.BATTERY_LOW,
    461: T.WRONG_CODES,
    **dict.fromkeys(range(520, 570), T.PANEL_FAULT),
}
_CID_OTHERS = {305: K.NODE_STARTED, 406: K.ALARM_CANCELLED, 454: K.ARM_MISSED}
_CID_ARMING = frozenset({*range(400, 410), 441, 442, 456})
_CID_BYPASS, _CID_TEST = range(570, 580), 607
_CID_ALARM_CLASS, _CID_TROUBLE_CLASS = range(100, 200), range(300, 400)
_CID_HISTORY = range(400, 700)

_SIA_CLASSES = {
    "B": _BURGLARY, "F": _FIRE, "G": _GAS, "H": _SILENT, "K": _FIRE, "M": _HELP, "P": _PANIC, "Q": _HELP, "S": _FIRE,
    "T": _TAMPER, "U": _UNKNOWN, "W": _WATER, "Z": _UNKNOWN,
}  # fmt: skip
"""By the first letter of a code; the second says what of it."""
_SIA_ALARM, _SIA_RESTORED, _SIA_TROUBLE, _SIA_TROUBLE_OVER = "AM", "HR", "TSWDYZG", "JQEV"
_SIA_CODES = {
    **dict.fromkeys(("DF", "DL", "UZ"), _UNKNOWN),
    **dict.fromkeys(("ES", "XS"), _TAMPER),
    "BV": _BURGLARY,
    "EA": _Alarm(K.INTRUSION_ALARM, Z.ENTRY),
}
_SIA_OVER = dict.fromkeys(("EJ", "XJ"), _TAMPER)
_SIA_TROUBLES = {
    "AT": T.MAINS_DOWN, "YT": T.UPS_LOW, "YM": T.UPS_LOW, "XT": T.BATTERY_LOW, "XQ": T.JAMMED, "JA": T.WRONG_CODES,
    **dict.fromkeys(("BZ", "EM", "UY"), T.NODE_SILENT),
    **dict.fromkeys(["DT", "ET", "IA", "LT", "NT", "OU", "PF", "SM", "VT"], T.PANEL_FAULT),
    **dict.fromkeys(["YA", "YC", "YF", "YI", "YP", "YS", "YX"], T.PANEL_FAULT),
}  # fmt: skip
_SIA_TROUBLES_OVER = {
    "AR": "AT", "YR": "YT", "XR": "XT", "XH": "XQ", "UJ": "UY", "EN": "EM", "ER": "ET", "IR": "IA", "LR": "LT",
    "NR": "NT", "OV": "OU", "PO": "PF", "XC": "SM", "VR": "VT", "YH": "YA", "YK": "YC", "YJ": "YI", "YQ": "YP", "YZ": "YX",
}  # fmt: skip
"""What each ends."""
_SIA_ENDS_AS = {"YM": "YT", "YS": "YC"}
"""What is over by the word for another: a battery that is back, a line that works again."""
_SIA_DISARMED = frozenset({"OA", "OG", "OH", "OJ", "OK", "OL", "OP", "OQ", "OR", "OS"})
_SIA_ARMED = frozenset({"CA", "CF", "CG", "CJ", "CK", "CL", "CP", "CQ", "CR", "CS", "NF", "NL", "NM"})
_SIA_OTHERS = {
    **dict.fromkeys(_SIA_DISARMED, K.DISARMED),
    **dict.fromkeys(_SIA_ARMED, K.ARMED),
    **dict.fromkeys(("OC", "BC", "FC"), K.ALARM_CANCELLED),
    "CI": K.ARM_MISSED, "RR": K.NODE_STARTED, "TS": K.TEST_STARTED, "TE": K.TEST_ENDED,
    **dict.fromkeys(("PC", "PD", "PE", "PG", "SC", "TC", "TW", "TZ"), K.PANEL_EVENT),
}  # fmt: skip
_SIA_HISTORY = frozenset("ACDEIJLNORVXY")
"""First letters of what is nothing but history, if no table knows it: access, programming, tests, printers."""
_OF_NOBODY = frozenset({K.NODE_STARTED, K.ARM_MISSED, K.PANEL_EVENT, K.TEST_STARTED, K.TEST_ENDED})
_URGENT = frozenset({T.UPS_LOW, T.JAMMED, T.WRONG_CODES})


def of_contact_id(event: Event, zone_of: ZoneOf) -> Said:
    """The report of an event of Contact ID."""
    code, rule = int(event.code), f"ADM-CID {event.qualifier}{event.code}"
    is_over = event.qualifier == RESTORED
    if event.qualifier == STILL:
        return _plain(K.PANEL_EVENT, rule)  # it was told when it began
    if code in _CID_TROUBLES or (code in _CID_TROUBLE_CLASS and code not in _CID_ALARMS and code not in _CID_OTHERS):
        return _trouble(_CID_TROUBLES.get(code, T.PANEL_FAULT), event, event.code, rule, is_over=is_over)
    if code in _CID_ALARMS or code in _CID_ALARM_CLASS:
        return _alarm(_CID_ALARMS.get(code, _UNKNOWN), event, rule, zone_of, is_over=is_over)
    if code in _CID_OTHERS:
        return _plain(_CID_OTHERS[code], rule, event.number if code == 406 else 0)
    if code in _CID_ARMING:
        return _plain(K.ARMED if is_over else K.DISARMED, rule, event.number)
    if code in _CID_BYPASS:
        kind = K.BYPASS_ENDED if is_over else K.BYPASSED
        return _plain(kind, rule)._replace(zone=zone_of(event.number, Z.INSTANT))
    if code == _CID_TEST:
        return _plain(K.TEST_ENDED if is_over else K.TEST_STARTED, rule)
    return _plain(K.PANEL_EVENT, rule) if code in _CID_HISTORY else not_understood(event, rule)


def of_sia(event: Event, zone_of: ZoneOf) -> Said:
    """The report of an event of SIA: its tables, or else what its two letters mean."""
    code, rule = event.code, f"SIA-DCS {event.code}"
    if code in _SIA_CODES:
        return _alarm(_SIA_CODES[code], event, rule, zone_of, is_over=False)
    if code in _SIA_OVER:
        return _alarm(_SIA_OVER[code], event, rule, zone_of, is_over=True)
    if code in _SIA_TROUBLES:
        return _trouble(_SIA_TROUBLES[code], event, _SIA_ENDS_AS.get(code, code), rule, is_over=False)
    if code in _SIA_TROUBLES_OVER:
        begun = _SIA_TROUBLES_OVER[code]
        return _trouble(_SIA_TROUBLES[begun], event, begun, rule, is_over=True)
    if code in _SIA_OTHERS:
        kind = _SIA_OTHERS[code]
        return _plain(kind, rule, 0 if kind in _OF_NOBODY else event.number)
    first, second = code[0], code[1]
    if first in _SIA_CLASSES:
        return _by_letters(_SIA_CLASSES[first], second, event, rule, zone_of)
    return _plain(K.PANEL_EVENT, rule) if first in _SIA_HISTORY else not_understood(event, rule)


def silent(account: str, *, is_over: bool) -> Said:
    """That a panel is silent, or that it is not any more."""
    kind = K.TROUBLE_RESTORED if is_over else K.TROUBLE
    return Said(kind, Lane.ALARM, "supervision", trouble=T.PANEL_SILENT, subject=account)


def not_understood(event: Event, rule: str) -> Said:
    """That a panel says something which is in no table."""
    return Said(K.TROUBLE, Lane.ALARM, rule, trouble=T.NOT_UNDERSTOOD, subject=f"{event.account} {event.code}")


def _by_letters(alarm: _Alarm, second: str, event: Event, rule: str, zone_of: ZoneOf) -> Said:
    if second in _SIA_ALARM:
        return _alarm(alarm, event, rule, zone_of, is_over=False)
    if second in _SIA_RESTORED:
        return _alarm(alarm, event, rule, zone_of, is_over=True)
    if second in _SIA_TROUBLE:
        return _trouble(T.PANEL_FAULT, event, f"{event.code[0]}T", rule, is_over=False)
    if second in _SIA_TROUBLE_OVER:
        return _trouble(T.PANEL_FAULT, event, f"{event.code[0]}T", rule, is_over=True)
    if second in "BU":
        kind = K.BYPASSED if second == "B" else K.BYPASS_ENDED
        return _plain(kind, rule)._replace(zone=zone_of(event.number, alarm.zone))
    return _plain(K.PANEL_EVENT, rule) if second in "XIKLP" else not_understood(event, rule)


def _alarm(alarm: _Alarm, event: Event, rule: str, zone_of: ZoneOf, *, is_over: bool) -> Said:
    if alarm.kind is K.DURESS_ALARM:
        return _plain(K.PANEL_EVENT if is_over else alarm.kind, rule, event.number)._replace(
            lane=Lane.ROUTINE if is_over else Lane.PANIC
        )
    zone = zone_of(event.number, alarm.zone)
    if is_over:
        return Said(K.TAMPER_RESTORED if alarm is _TAMPER else K.RESTORED, Lane.ROUTINE, rule, zone)
    return Said(alarm.kind, _LANES.get(alarm.kind, Lane.ALARM), rule, zone)


def _trouble(kind: TroubleKind, event: Event, begun: str, rule: str, *, is_over: bool) -> Said:
    """`begun` is the code with which it begins: what ends it has the same subject."""
    lane = Lane.ALARM if kind in _URGENT else Lane.ROUTINE
    subject = f"{event.account} {begun} {event.number}"
    return Said(K.TROUBLE_RESTORED if is_over else K.TROUBLE, lane, rule, trouble=kind, subject=subject)


def _plain(kind: ReportKind, rule: str, user: int = 0) -> Said:
    lane = Lane.ALARM if kind is K.ALARM_CANCELLED else Lane.ROUTINE
    return Said(kind, lane, rule, person=f"#{user}" if user else None)
