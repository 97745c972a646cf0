"""What each event of Contact ID and of SIA becomes: no alarm is lost on the way, and nothing else becomes one."""

from __future__ import annotations

import pytest

from anju.concentrator.destinations.dc09 import events
from anju.dutyroom.panels import codes, content
from anju.dutyroom.panels.codes import Event
from anju.uplink.reports import ALARMS, Lane, Report, ReportKind, TroubleKind, Zone, ZoneKind
from unit.dutyroom.panels import kit
from unit.dutyroom.panels.kit import ACCOUNT

K, T = ReportKind, TroubleKind
zone_of = kit.account().zone


@pytest.mark.parametrize(
    ("contact_id", "sia", "kind", "zone"),
    [
        ("1100", "MA", K.HOLD_UP_ALARM, ZoneKind.ANY_PRESS),
        ("1110", "FA", K.FIRE_ALARM, ZoneKind.FIRE),
        ("1114", "KA", K.FIRE_ALARM, ZoneKind.FIRE),
        ("1120", "PA", K.HOLD_UP_ALARM, ZoneKind.HOLD_UP),
        ("1122", "HA", K.HOLD_UP_ALARM, ZoneKind.SILENT_HOLD_UP),
        ("1123", "PA", K.HOLD_UP_ALARM, ZoneKind.HOLD_UP),
        ("1130", "BA", K.INTRUSION_ALARM, ZoneKind.INSTANT),
        ("1131", "BV", K.INTRUSION_ALARM, ZoneKind.INSTANT),
        ("1134", "EA", K.INTRUSION_ALARM, ZoneKind.ENTRY),
        ("1137", "TA", K.TAMPER_ALARM, ZoneKind.TAMPER),
        ("1144", "ES", K.TAMPER_ALARM, ZoneKind.TAMPER),
        ("1145", "XS", K.TAMPER_ALARM, ZoneKind.TAMPER),
        ("1383", "TA", K.TAMPER_ALARM, ZoneKind.TAMPER),
        ("1151", "GA", K.TECHNICAL_ALARM, ZoneKind.GAS),
        ("1162", "GA", K.TECHNICAL_ALARM, ZoneKind.GAS),
        ("1154", "WA", K.TECHNICAL_ALARM, ZoneKind.WATER),
        ("1150", "UA", K.UNKNOWN_ALARM, ZoneKind.ALL_HOURS),
        ("1199", "ZA", K.UNKNOWN_ALARM, ZoneKind.ALL_HOURS),
    ],
)
def test_an_alarm(contact_id: str, sia: str, kind: ReportKind, zone: ZoneKind) -> None:
    for said in (
        content.read("ADM-CID", f"#{ACCOUNT}|{contact_id} 01 007", ACCOUNT, zone_of),
        content.read("SIA-DCS", f"#{ACCOUNT}|Nri01/{sia}007", ACCOUNT, zone_of),
    ):
        assert [(one.kind, one.zone) for one in said] == [(kind, Zone(kind=zone, name="bedside", number=0))]
        assert said[0].lane is not Lane.ROUTINE


def test_duress_is_somebodys_and_not_a_zones() -> None:
    (said,) = content.read("ADM-CID", "|1121 01 003", ACCOUNT, zone_of)
    assert (said.kind, said.person, said.zone, said.lane) == (K.DURESS_ALARM, "#3", None, Lane.PANIC)


@pytest.mark.parametrize(
    ("begins", "ends", "trouble"),
    [
        ("|1301 00 000", "|3301 00 000", T.MAINS_DOWN),
        ("|1302 00 000", "|3302 00 000", T.UPS_LOW),
        ("|1384 00 007", "|3384 00 007", T.BATTERY_LOW),
        ("|1381 00 007", "|3381 00 007", T.NODE_SILENT),
        ("|1344 00 000", "|3344 00 000", T.JAMMED),
        ("|1321 00 000", "|3321 00 000", T.PANEL_FAULT),
        ("|NAT", "|NAR", T.MAINS_DOWN),
        ("|NYT", "|NYR", T.UPS_LOW),
        ("|NYM", "|NYR", T.UPS_LOW),
        ("|NYS", "|NYK", T.PANEL_FAULT),
        ("|NXT007", "|NXR007", T.BATTERY_LOW),
        ("|NFT007", "|NFJ007", T.PANEL_FAULT),
        ("|NYX", "|NYZ", T.PANEL_FAULT),
    ],
)
def test_a_trouble_and_its_end_are_of_one_subject(begins: str, ends: str, trouble: TroubleKind) -> None:
    name = "SIA-DCS" if begins[1] == "N" else "ADM-CID"
    (begun,), (over,) = (content.read(name, text, ACCOUNT, zone_of) for text in (begins, ends))
    assert (begun.kind, over.kind) == (K.TROUBLE, K.TROUBLE_RESTORED)
    assert (begun.trouble, begun.subject) == (over.trouble, over.subject)
    assert begun.trouble is trouble


@pytest.mark.parametrize(
    ("contact_id", "sia", "kind"),
    [
        ("1401 01 003", "OP003", K.DISARMED), ("3401 01 003", "CL003", K.ARMED), ("3441 01 003", "CG003", K.ARMED),
        ("1406 01 003", "OC003", K.ALARM_CANCELLED), ("1570 01 007", "BB007", K.BYPASSED),
        ("3570 01 007", "BU007", K.BYPASS_ENDED),
        ("1602 00 000", "RP", K.PANEL_EVENT), ("1601 00 000", "RX", K.PANEL_EVENT), ("1607 00 000", "TS", K.TEST_STARTED),
        ("3607 00 000", "TE", K.TEST_ENDED), ("1305 00 000", "RR", K.NODE_STARTED), ("3130 01 007", "BH007", K.RESTORED),
        ("3110 01 007", "FH007", K.RESTORED), ("3144 01 007", "TR007", K.TAMPER_RESTORED),
        ("6130 01 007", "FX007", K.PANEL_EVENT),
        ("1454 00 000", "CI", K.ARM_MISSED),
    ],
)  # fmt: skip
def test_what_is_no_alarm(contact_id: str, sia: str, kind: ReportKind) -> None:
    for name, text in (("ADM-CID", f"|{contact_id}"), ("SIA-DCS", f"|N{sia}")):
        assert [one.kind for one in content.read(name, text, ACCOUNT, zone_of)] == [kind]


def test_whatever_the_alarms_class_holds_is_an_alarm() -> None:
    for code in range(100, 200):
        kind = codes.of_contact_id(Event(ACCOUNT, str(code), 7, "1"), zone_of).kind
        assert (kind in ALARMS) == (code not in {141, 142, 143, 147}), code


def test_what_is_in_no_table_is_told() -> None:
    for said in (
        codes.of_contact_id(Event(ACCOUNT, "789", 7, "1"), zone_of),
        codes.of_sia(Event(ACCOUNT, "BO", 7), zone_of),
    ):
        assert (said.kind, said.trouble) == (K.TROUBLE, T.NOT_UNDERSTOOD)


def test_several_events_of_one_message() -> None:
    said = content.read("SIA-DCS", f"#{ACCOUNT}|Nti10:20:30/ri01/BA007^kitchen/door^/id003/CL003", ACCOUNT, zone_of)
    assert [one.kind for one in said] == [K.INTRUSION_ALARM, K.ARMED]
    said = content.read("SIA-DCS", "|NBA001*'front'NM/FA002", ACCOUNT, zone_of)
    assert [one.kind for one in said] == [K.INTRUSION_ALARM, K.FIRE_ALARM]


def test_behind_what_cannot_be_read_something_may_be() -> None:
    said = content.read("SIA-DCS", "|NBA001/??", ACCOUNT, zone_of)
    assert [(one.kind, one.trouble) for one in said] == [(K.INTRUSION_ALARM, None), (K.TROUBLE, T.NOT_UNDERSTOOD)]


@pytest.mark.parametrize("kind", sorted(ALARMS))
@pytest.mark.parametrize("zone_kind", [None, *ZoneKind])
def test_what_our_own_concentrators_tell_a_receiver_is_as_urgent_here(
    kind: ReportKind, zone_kind: ZoneKind | None
) -> None:
    zone = Zone(kind=zone_kind, name="z", number=0) if zone_kind else None
    event = events.of(Report(seq=1, kind=kind, lane=Lane.ALARM, recorded_at_ms=1, zone=zone))
    assert event is not None
    for name, text in (
        ("ADM-CID", events.adm_cid(event, ACCOUNT, 1, 7)),
        ("SIA-DCS", events.sia_dcs(event, ACCOUNT, 1, 7)),
    ):
        (said,) = content.read(name, text, ACCOUNT, zone_of)
        assert said.kind in ALARMS
