"""What is heard of late is judged against the arm state at its own time, and against whether somebody disarmed in time."""

from __future__ import annotations

import json

import pytest

from anju.concentrator.core.panel.signals import Action, Times
from anju.concentrator.core.panel.stays import KEPT, OUT_KEPT
from anju.concentrator.core.panel.stored import from_json, to_json
from anju.uplink.reports import Lane, PanelMode, ReportKind
from anju.wire.table import Code
from unit.concentrator.panel.home import Home

K = ReportKind


def _out() -> Home:
    """Armed, and everybody out for long."""
    home = Home()
    home.leave()
    home.wait(600)
    home.kinds()
    return home


def _left_and_back(away_s: float) -> Home:
    """Armed, out, and disarmed `away_s` after the exit time was over."""
    home = Home()
    home.leave()
    home.wait(away_s)
    home.disarm()
    home.kinds()
    return home


def test_an_opening_from_before_it_was_armed_is_logged() -> None:
    home = Home()
    home.leave()
    home.kinds()
    home.become_active("window", ago_s=300)
    assert home.kinds() == [K.OPENED]
    assert home.wait(3600) == []


def test_one_from_the_exit_time_is_logged() -> None:
    home = Home()
    home.leave()
    home.wait(100)
    home.kinds()
    home.become_active("window", ago_s=140)
    assert home.kinds() == [K.OPENED]


def test_one_that_nobody_has_disarmed_since_is_an_alarm_at_once() -> None:
    home = Home()
    home.leave()
    home.wait(600)
    home.kinds()
    home.become_active("door", ago_s=300)
    assert home.kinds() == [K.ENTRY_STARTED, K.ALARM_PENDING, K.INTRUSION_ALARM]


def test_its_phases_are_as_old_as_the_event() -> None:
    home = Home()
    home.leave()
    home.wait(600)
    home.kinds()
    home.become_active("door", ago_s=40)
    assert home.kinds() == [K.ENTRY_STARTED, K.ALARM_PENDING]
    assert home.wait(19.9) == []
    assert home.wait(0.1) == [K.INTRUSION_ALARM]


@pytest.mark.parametrize(
    ("zone", "before_s", "kind"),
    [
        ("door", 20, K.OPENED),
        ("door", 50, K.ALARM_ABORTED),
        ("door", 90, K.INTRUSION_ALARM),
        ("window", 20, K.ALARM_ABORTED),
        ("window", 50, K.INTRUSION_ALARM),
        ("hall", 20, K.OPENED),
        ("hall", 50, K.ALARM_ABORTED),
        ("hall", 90, K.INTRUSION_ALARM),
    ],
)
def test_who_has_disarmed_since_came_in_time_or_not(zone: str, before_s: float, kind: ReportKind) -> None:
    home = _left_and_back(300)
    home.wait(100)
    home.become_active(zone, ago_s=100 + before_s)
    assert [(told.kind, told.lane is Lane.ALARM) for told in home.told] == [(kind, kind is K.INTRUSION_ALARM)]


@pytest.mark.parametrize("zone", ["door", "window", "hall"])
def test_to_disarm_again_and_again_makes_nothing_forgotten(zone: str) -> None:
    home = _left_and_back(300)
    for _ in range(KEPT):
        home.wait(10)
        home.disarm()
    home.kinds()
    home.become_active(zone, ago_s=10 * KEPT + 200)
    assert [told.rule for told in home.told] == ["heard of too late"]


def test_one_of_a_time_that_nobody_knows_is_judged_against_the_strictest_since_it_was_heard() -> None:
    home = Home()
    home.leave()
    home.kinds()
    home.become_active("window", doubtful=True)
    assert home.kinds() == [K.ALARM_PENDING]


def test_one_of_a_bypassed_zone_stays_bypassed() -> None:
    home = Home()
    home.bypass("window")
    home.leave()
    home.wait(300)
    home.disarm()
    home.wait(100)
    home.kinds()
    home.become_active("window", ago_s=300)
    assert [(told.kind, told.rule) for told in home.told] == [(K.OPENED, "bypassed")]


def _was_out_for_a_while() -> Home:
    """Away, disarmed 900 s ago; the window was out from 2700 s to 1800 s ago."""
    home = Home()
    home.leave()
    home.wait(900)
    home.bypass("window", lasts_s=900)
    home.wait(1800)
    home.disarm()
    home.wait(900)
    home.kinds()
    return home


@pytest.mark.parametrize(
    ("ago_s", "rule"),
    [
        (3000, "heard of too late"),
        (2600, "bypassed"),
        (1850, "bypassed"),
        (1802, "heard of too late"),  # by a clock that may be 3 s behind
        (1700, "heard of too late"),
        (1000, "heard of too late"),
    ],
)
def test_one_of_a_bypass_that_has_ended_is_judged_by_its_own_time(ago_s: float, rule: str) -> None:
    home = _was_out_for_a_while()
    home.become_active("window", ago_s=ago_s)
    assert [told.rule for told in home.told] == [rule]


@pytest.mark.parametrize("how", ["taken back", "closed"])
def test_so_is_one_that_somebody_has_ended(how: str) -> None:
    home = Home()
    if how == "closed":
        home.become_active("window")
    home.arm(PanelMode.HOME, anyway=True)
    home.bypass("window") if how == "taken back" else None
    home.wait(600)
    home.ask(Action.UNBYPASS, contact=home.contact("window")) if how == "taken back" else home.rest("window")
    home.wait(600)
    home.disarm()
    home.wait(600)
    home.kinds()
    home.become_active("window", ago_s=1300)
    home.become_active("window", ago_s=900)
    assert [told.rule for told in home.told] == ["bypassed", "heard of too late"]


def test_while_still_armed_it_is_judged_by_its_own_time_too() -> None:
    home = Home()
    home.leave()
    home.bypass("window", lasts_s=600)
    home.wait(900)
    home.kinds()
    home.become_active("window", ago_s=600)
    assert [told.rule for told in home.told] == ["bypassed"]
    home.bypass("window")
    home.wait(60)
    home.kinds()
    home.become_active("window", ago_s=100)
    assert home.kinds() == [K.ALARM_PENDING, K.INTRUSION_ALARM]


def test_one_of_a_time_that_nobody_knows_was_bypassed_only_if_it_was_so_all_the_time() -> None:
    home = Home()
    home.leave()
    home.bypass("window", lasts_s=600)
    home.wait(900)
    home.disarm()
    home.kinds()
    home.become_active("window", doubtful=True)
    assert home.kinds() == [K.OPENED], "nobody has heard of this node yet: it is judged by now"
    home.become_active("window", doubtful=True, heard_s=850)
    assert home.kinds() == [K.INTRUSION_ALARM]
    home.arm(PanelMode.HOME, anyway=True)
    home.bypass("window")
    home.wait(900)
    home.disarm()
    home.kinds()
    home.become_active("window", doubtful=True, heard_s=850)
    assert [told.rule for told in home.told] == ["bypassed"]


@pytest.mark.parametrize("step_s", [-3600, 3600])
def test_when_it_was_out_is_told_by_a_clock_that_was_set(step_s: float) -> None:
    home = _was_out_for_a_while()
    home.step_clock(step_s)
    home.restart()
    home.become_active("window", ago_s=2600)
    home.become_active("window", ago_s=1700)
    assert [told.rule for told in home.told] == ["bypassed", "heard of too late"]


def test_what_an_older_version_stored_of_a_bypass_is_read() -> None:
    """It knew which zones had been out in a stay, and not when."""
    home = Home()
    home.leave()
    home.bypass("window")
    stored = json.loads(to_json(home.state)) | {"version": 3}
    for stay in stored["stays"]:
        stay[3] = [contact for contact, *_ in stay[3]]
    home.state = from_json(json.dumps(stored), home.now)
    home.wait(600)
    home.ask(Action.UNBYPASS, contact=home.contact("window"))
    home.wait(600)
    home.disarm()
    home.kinds()
    home.become_active("window", ago_s=900)
    home.become_active("window", ago_s=300)
    assert [told.rule for told in home.told] == ["bypassed", "heard of too late"]


def test_bypassing_again_and_again_does_not_fill_the_memory() -> None:
    home = Home()
    home.leave()
    for _ in range(2 * OUT_KEPT):
        home.bypass("window")
        home.wait(10)
        home.ask(Action.UNBYPASS, contact=home.contact("window"))
    assert len(home.state.stays.last.out) == OUT_KEPT


def test_during_entry_a_late_event_from_before_it_counts_as_it_did_then() -> None:
    home = Home()
    home.leave()
    home.wait(600)
    home.become_active("door")
    home.kinds()
    home.become_active("hall", ago_s=45)
    assert [(told.kind, told.source and told.source.name) for told in home.told] == [
        (K.ALARM_PENDING, "hall"),
        (K.INTRUSION_ALARM, "door"),
        (K.INTRUSION_ALARM, "hall"),
    ]


@pytest.mark.parametrize(("zone", "ago_s"), [("window", 10), ("hall", 31)])
def test_the_way_in_that_is_heard_of_after_what_tripped_is_part_of_it(zone: str, ago_s: float) -> None:
    """Unless somebody who came in by it had to pass what has tripped, and still had time to disarm."""
    home = _out()
    home.become_active(zone)
    home.kinds()
    home.become_active("door", ago_s=ago_s)
    assert home.wait(30)[-2:] == [K.INTRUSION_ALARM, K.INTRUSION_ALARM]
    assert [told.source and told.source.name for told in home.told[-2:]] == [zone, "door"]


@pytest.mark.parametrize("late_s", [0, 0.5, 4, 25, 31, 37, 54])
@pytest.mark.parametrize("passed_s", [4, 29])
class TestWhoComesInPassesTheHall:
    """And may be heard of there first, because the word of the door was lost on its way."""

    def test_disarming_in_time_is_no_alarm(self, passed_s: float, late_s: float) -> None:
        home = self._heard_in_the_hall_first(passed_s, late_s)
        home.wait(max(59.9 - passed_s - late_s, 0))
        if passed_s + late_s < 60:
            home.disarm()
            assert K.INTRUSION_ALARM not in home.kinds()
            assert not home.state.latched

    def test_not_disarming_is_the_doors_alarm_as_soon_as_in_the_right_order(
        self, passed_s: float, late_s: float
    ) -> None:
        home = self._heard_in_the_hall_first(passed_s, late_s)
        home.wait(max(60 - passed_s - late_s, 0))
        alarms = [told for told in home.told if told.kind is K.INTRUSION_ALARM]
        assert [told.source and told.source.name for told in alarms] == ["door"]

    @staticmethod
    def _heard_in_the_hall_first(passed_s: float, late_s: float) -> Home:
        home = _out()
        home.become_active("hall", ago_s=late_s)
        assert K.INTRUSION_ALARM not in home.kinds()
        home.become_active("door", ago_s=passed_s + late_s)
        return home


def test_what_was_passed_in_an_entry_time_that_is_over_was_passed() -> None:
    home = _out()
    home.become_active("door", ago_s=35)
    home.become_active("hall", ago_s=20)
    assert home.kinds() == [K.ENTRY_STARTED, K.ALARM_PENDING, K.OPENED]
    assert home.wait(25) == [K.INTRUSION_ALARM]


def test_the_siren_is_quiet_again_for_whoever_had_come_in() -> None:
    home = _out()
    home.become_active("hall")
    assert home.state.sounding
    home.become_active("door", ago_s=5)
    assert home.kinds() == [K.ALARM_PENDING, K.ENTRY_STARTED]
    assert not home.state.sounding
    assert home.wait(25) == [K.ALARM_PENDING]
    assert home.state.sounding


def test_but_not_that_of_an_alarm_in_the_same_stay() -> None:
    home = _out()
    home.become_active("window")
    home.wait(40)
    home.become_active("hall")
    home.become_active("door", ago_s=5)
    assert home.state.sounding


def test_a_hall_that_is_heard_of_late_and_alone_is_an_alarm_once_nobody_can_disarm_any_more() -> None:
    home = _out()
    home.become_active("hall", ago_s=40)
    assert home.kinds() == [K.ENTRY_STARTED, K.ALARM_PENDING]
    assert home.wait(19.9) == []
    assert home.wait(0.1) == [K.INTRUSION_ALARM]


def test_a_hall_that_is_heard_of_at_once_trips_at_once() -> None:
    home = _out()
    home.become_active("hall", ago_s=2)
    assert home.kinds() == [K.ALARM_PENDING]
    assert home.wait(28) == [K.INTRUSION_ALARM]


def test_a_door_that_was_opened_while_people_left_lets_nobody_in() -> None:
    home = Home()
    home.leave()
    home.wait(20)
    home.become_active("hall")
    home.kinds()
    home.become_active("door", ago_s=29)
    assert home.kinds() == [K.OPENED]
    assert home.wait(30) == [K.INTRUSION_ALARM]


def test_a_draught_that_is_heard_of_late_is_one_alarm_of_its_stay_too() -> None:
    home = _left_and_back(3600)
    for ago_s in (3000, 2000, 1000):
        home.become_active("window", ago_s=ago_s)
        home.rest("window", ago_s=ago_s - 5)
    assert home.kinds().count(K.INTRUSION_ALARM) == 1


def test_mode_home_is_judged_by_home() -> None:
    home = Home()
    home.arm(PanelMode.HOME)
    home.wait(600)
    home.kinds()
    home.become_active("hall", ago_s=300)
    assert home.kinds() == [K.OPENED]


@pytest.mark.parametrize("ahead_s", [1, 2, 2.9])
@pytest.mark.parametrize("door_ago_s", [10, 29, 35, 50])
def test_clocks_of_nodes_may_tell_of_the_hall_before_the_door(door_ago_s: float, ahead_s: float) -> None:
    home = Home(times=Times(entry_s=60))
    home.leave()
    home.wait(600)
    home.kinds()
    home.become_active("door", ago_s=door_ago_s)
    home.become_active("hall", ago_s=door_ago_s + ahead_s)
    assert home.kinds() == [K.ENTRY_STARTED, K.OPENED]
    assert not home.state.sounding


def test_that_a_window_was_shut_some_time_ago_guards_none_that_is_open_now() -> None:
    home = Home()
    home.become_active("window")
    home.arm(anyway=True)
    home.wait(100)
    home.kinds()
    home.says("window", Code.CLOSED, ago_s=300)
    assert home.kinds() == [K.CLOSED]
    home.rest("window")
    assert home.kinds() == [K.CLOSED, K.BYPASS_ENDED]
