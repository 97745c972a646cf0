"""Arming, entry and exit: there is time to leave and to come in, and whoever does neither is an alarm."""

from __future__ import annotations

from anju.concentrator.core.panel.arming import Phase
from anju.uplink.reports import PanelMode, Refusal, ReportKind
from unit.concentrator.panel.home import Home

K = ReportKind


def test_there_is_time_to_leave() -> None:
    home = Home()
    home.arm()
    home.become_active("hall")
    home.become_active("door")
    home.rest("door")
    home.rest("hall")
    assert home.wait(60) == [K.EXIT_ENDED]
    assert home.kinds() == [K.ARMED, K.OPENED, K.OPENED, K.CLOSED, K.CLOSED, K.EXIT_ENDED]
    assert (home.state.phase, home.state.mode) == (Phase.GUARD, PanelMode.AWAY)


def test_whoever_comes_home_has_time_to_disarm() -> None:
    home = Home()
    home.leave()
    home.kinds()
    home.become_active("door")
    home.become_active("hall")
    home.wait(29)
    home.disarm()
    assert home.kinds() == [K.ENTRY_STARTED, K.OPENED, K.DISARMED]
    assert home.wait(3600) == []


def test_who_is_not_known_in_time_is_an_alarm_after_the_abort_window() -> None:
    home = Home()
    home.leave()
    home.kinds()
    home.become_active("door")
    assert home.wait(30) == [K.ALARM_PENDING]
    assert home.wait(29.9) == []
    assert home.wait(0.1) == [K.INTRUSION_ALARM]
    assert home.told[-1].source is not None
    assert home.told[-1].source.name == "door"
    assert home.state.latched == {"entry"}


def test_no_way_in_has_no_entry_time() -> None:
    home = Home()
    home.leave()
    home.kinds()
    home.become_active("window")
    assert home.wait(30) == [K.INTRUSION_ALARM]
    assert home.kinds() == [K.ALARM_PENDING, K.INTRUSION_ALARM]


def test_a_second_zone_during_the_abort_window_is_an_alarm_of_its_own() -> None:
    home = Home()
    home.leave()
    home.become_active("window")
    home.become_active("hall")
    home.kinds()
    home.wait(30)
    assert [(told.kind, told.source and told.source.name) for told in home.told] == [
        (K.INTRUSION_ALARM, "window"),
        (K.INTRUSION_ALARM, "hall"),
    ]


def test_inside_is_not_guarded_while_somebody_is_at_home() -> None:
    home = Home()
    home.arm(PanelMode.HOME)
    home.kinds()
    home.become_active("hall")
    assert home.kinds() == [K.OPENED]
    home.become_active("window")
    assert home.kinds() == [K.ALARM_PENDING]


def test_the_exit_time_begins_once_more_for_whoever_comes_back_for_the_keys() -> None:
    home = Home()
    home.arm()
    home.become_active("door")
    home.rest("door")
    home.wait(40)
    home.kinds()
    home.become_active("door")
    assert home.kinds() == [K.EXIT_RESTARTED]
    home.rest("door")
    assert home.wait(59) == []
    home.become_active("door")
    assert home.kinds() == [K.CLOSED, K.OPENED], "only once"
    home.rest("door")
    assert home.wait(1) == [K.EXIT_ENDED]


def test_a_door_that_is_left_open_begins_the_entry_time() -> None:
    home = Home()
    home.arm()
    home.become_active("door")
    home.kinds()
    assert home.wait(60) == [K.ENTRY_STARTED]
    assert home.wait(60) == [K.ALARM_PENDING, K.INTRUSION_ALARM]


def test_arming_home_guards_at_once() -> None:
    home = Home()
    home.arm(PanelMode.HOME)
    assert home.state.phase is Phase.GUARD
    home.become_active("door")
    assert home.kinds() == [K.ARMED, K.ENTRY_STARTED]


def test_who_disarms_in_the_abort_window_has_called_it_off_and_that_is_reported() -> None:
    home = Home()
    home.leave()
    home.become_active("window")
    home.kinds()
    home.disarm()
    assert home.kinds() == [K.ALARM_ABORTED, K.DISARMED]
    assert home.wait(3600) == []
    assert not home.state.latched


def test_who_disarms_after_the_alarm_has_cancelled_it_and_the_latch_stays() -> None:
    home = Home()
    home.leave()
    home.become_active("window")
    home.wait(30)
    home.kinds()
    home.disarm()
    assert home.kinds() == [K.ALARM_CANCELLED, K.DISARMED]
    assert home.state.latched == {"instant"}
    home.disarm()
    assert home.kinds() == [K.DISARMED]


def test_arming_is_refused_while_an_alarm_is_pending() -> None:
    home = Home()
    home.leave()
    home.become_active("window")
    home.kinds()
    assert home.arm(anyway=True).refusal == "pending"
    assert home.wait(30) == [K.INTRUSION_ALARM]


def test_nobody_arms_anew_who_has_come_in_and_is_not_known() -> None:
    for mode in (PanelMode.AWAY, PanelMode.HOME):
        home = Home()
        home.leave()
        home.become_active("door")
        home.kinds()
        for _ in range(5):
            home.wait(5)
            assert home.arm(mode, anyway=True).refusal is Refusal.PENDING
        told = home.kinds() + home.wait(35)
        assert told[-2:] == [K.ALARM_PENDING, K.INTRUSION_ALARM]


def test_away_again_gives_nobody_another_minute() -> None:
    home = Home()
    home.arm()
    home.wait(50)
    home.arm()
    assert K.EXIT_ENDED in home.wait(10)
    home.kinds()
    home.arm()
    home.become_active("window")
    assert home.kinds() == [K.ARMED, K.ALARM_PENDING]
