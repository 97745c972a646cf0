"""What a zone of each kind means: some only while armed, some at all hours, some with a siren and some without."""

from __future__ import annotations

import pytest

from anju.concentrator.core.panel.signals import Action
from anju.concentrator.core.panel.zones import ROW_OF, ZONE_ROWS, Siren
from anju.uplink.reports import Lane, PanelMode, ReportKind, ZoneKind
from unit.concentrator.panel.home import Home

K = ReportKind


def test_every_kind_of_the_contract_has_one_row() -> None:
    assert sorted(row.kind for row in ZONE_ROWS) == sorted(ZoneKind)


@pytest.mark.parametrize(
    ("zone", "alarm", "siren"),
    [
        ("safe", K.INTRUSION_ALARM, Siren.INTRUSION),
        ("smoke", K.FIRE_ALARM, Siren.FIRE),
        ("gas", K.TECHNICAL_ALARM, Siren.FIRE),
        ("water", K.TECHNICAL_ALARM, None),
        ("case", K.TAMPER_ALARM, None),
        ("button", K.HOLD_UP_ALARM, Siren.HOLD_UP),
        ("hidden button", K.HOLD_UP_ALARM, None),
    ],
)
def test_what_is_guarded_at_all_hours_is_an_alarm_while_off(zone: str, alarm: ReportKind, siren: Siren | None) -> None:
    home = Home()
    home.become_active(zone)
    assert home.kinds() == [alarm]
    assert (home.state.sounding.siren if home.state.sounding else None) == siren
    assert home.state.latched == {home.zones[zone]}


@pytest.mark.parametrize("zone", ["door", "window", "hall"])
def test_intrusion_zones_are_only_logged_while_off(zone: str) -> None:
    home = Home()
    home.become_active(zone)
    home.rest(zone)
    assert home.kinds() == [K.OPENED, K.CLOSED]
    assert home.wait(3600) == []


def test_tamper_sounds_only_while_armed() -> None:
    home = Home()
    home.leave()
    home.become_active("case")
    assert home.state.sounding is not None


def test_the_siren_ends_after_three_minutes_and_its_light_stays() -> None:
    home = Home()
    home.become_active("smoke")
    home.kinds()
    assert home.wait(180) == [K.SIREN_ENDED]
    assert home.state.sounding is not None
    assert home.state.sounding.timer.lasts_s == 0
    home.rest("smoke")
    home.ask(Action.RESET)
    assert home.state.sounding is None


def test_fire_outranks_whatever_sounds() -> None:
    home = Home()
    home.leave()
    home.become_active("smoke")
    home.become_active("window")
    assert home.state.sounding is not None
    assert home.state.sounding.siren is Siren.FIRE
    home.disarm()
    assert home.state.sounding.timer.left_s(home.now) > 0, "disarming does not silence a fire"


def test_a_latch_of_what_is_still_active_is_not_reset() -> None:
    home = Home()
    home.become_active("smoke")
    home.become_active("water")
    home.rest("water")
    home.ask(Action.RESET)
    assert home.state.latched == {"fire"}
    home.rest("smoke")
    home.ask(Action.RESET)
    assert not home.state.latched


def test_a_zone_that_has_raised_an_alarm_raises_no_other_until_the_next_arming() -> None:
    home = Home()
    home.leave()
    home.become_active("window")
    home.wait(30)
    home.rest("window")
    home.kinds()
    home.become_active("window")
    assert [(told.kind, told.rule) for told in home.told] == [(K.OPENED, "swinger")]
    home.rest("window")
    home.disarm()
    home.leave()
    home.kinds()
    home.become_active("window")
    assert home.kinds() == [K.ALARM_PENDING]


def test_a_window_that_rattles_in_the_abort_window_is_one_alarm() -> None:
    home = Home()
    home.leave()
    for _ in range(3):
        home.become_active("window")
        home.rest("window")
        home.wait(5)
    home.kinds()
    assert home.wait(60) == [K.INTRUSION_ALARM]


@pytest.mark.parametrize("zone", ["button", "smoke", "case", "safe", "gas"])
def test_no_other_kind_is_ever_shut(zone: str) -> None:
    home = Home()
    home.leave()
    home.kinds()
    for _ in range(3):
        home.become_active(zone)
        home.rest(zone)
    alarms = [told for told in home.told if told.kind.endswith("_alarm")]
    assert len(alarms) == 3
    assert all(told.lane is ROW_OF[home.zones[zone]].lane for told in alarms)


def test_on_test_everything_is_tried_and_nothing_raised() -> None:
    home = Home()
    home.arm(PanelMode.HOME)
    home.ask(Action.TEST, lasts_s=600)
    home.kinds()
    for zone in ("window", "smoke", "case", "door"):
        home.become_active(zone)
        home.rest(zone)
    assert all(told.lane is Lane.ROUTINE for told in home.told)
    assert all(told.is_test for told in home.told if told.kind is not K.TAMPER_RESTORED)
    assert home.state.latched == frozenset()
    assert home.state.sounding is None
    home.kinds()
    assert home.wait(600) == [K.TEST_ENDED]
    home.become_active("window")
    assert home.kinds() == [K.TEST_ENDED, K.ALARM_PENDING]
