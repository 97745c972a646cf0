"""Restarts and clocks: a restart keeps every state, latch, timer and bypass; a step of the clock neither fires nor loses one."""

from __future__ import annotations

import pytest

from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.signals import Action
from anju.concentrator.core.panel.stored import from_json, to_json
from anju.uplink.reports import PanelMode, ReportKind, ZoneKind
from unit.concentrator.panel.home import Home

K = ReportKind


def _busy() -> Home:
    """Everything that a panel can hold."""
    home = Home()
    home.become_active("button")
    home.bypass("hall", lasts_s=900)
    home.power_up("water")
    home.arm(anyway=True)
    home.become_active("door")
    home.rest("door")
    home.wait(60)
    home.become_active("window")
    home.wait(30)
    home.rest("window")
    home.become_active("door")
    return home


def test_the_stored_form_holds_everything() -> None:
    home = _busy()
    home.ask(Action.TEST, lasts_s=600)
    assert from_json(to_json(home.state), home.now) == home.state


def test_an_old_form_is_read_and_a_newer_one_is_not() -> None:
    home = Home()
    old = from_json('{"version": 1, "modes": [[0, "off"], [5000, "away"]], "latched": ["tamper"]}', home.now)
    assert (old.mode, old.latched, old.phase) == (PanelMode.AWAY, frozenset({ZoneKind.TAMPER}), Phase.GUARD)
    with pytest.raises(ValueError, match="version 99"):
        from_json('{"version": 99}', home.now)


@pytest.mark.parametrize("step_s", [3600, -3600])
@pytest.mark.parametrize("how", ["restart", "step", "restart and step"])
def test_every_timer_runs_on(how: str, step_s: float) -> None:
    plain, shaken = _busy(), _busy()
    if "step" in how:
        shaken.step_clock(step_s)
    if "restart" in how:
        shaken.restart()
    for seconds in (29, 1, 29, 1, 200, 1000):
        assert shaken.wait(seconds) == plain.wait(seconds)


def test_a_reboot_takes_the_time_it_took() -> None:
    home = Home()
    home.leave()
    home.become_active("door")
    home.reboot(down_s=10)
    assert home.wait(19.9) == []
    assert home.wait(0.1) == [K.ALARM_PENDING]


@pytest.mark.parametrize("wall_s", [-86400 * 365, 86400 * 365])
def test_a_reboot_with_a_clock_that_is_off_neither_loses_nor_prolongs(wall_s: float) -> None:
    home = Home()
    home.leave()
    home.become_active("door")
    home.reboot(down_s=5, wall_s=wall_s)
    assert home.wait(60) == [K.ALARM_PENDING, K.INTRUSION_ALARM]


def test_who_could_not_disarm_while_the_concentrator_was_down_has_the_abort_window_now() -> None:
    home = Home()
    home.leave()
    home.become_active("door")
    home.restart(down_s=3600)
    assert home.wait(0) == [K.ALARM_PENDING]
    home.disarm()
    assert home.told[-2].kind is K.ALARM_ABORTED


def test_sensors_have_a_minute_to_settle_after_their_power_is_back() -> None:
    home = Home()
    home.leave()
    home.power_up("window")
    home.kinds()
    home.become_active("window")
    home.rest("window")
    assert home.kinds() == [K.OPENED, K.CLOSED]
    assert home.wait(60) == []
    home.become_active("window")
    assert home.kinds() == [K.ALARM_PENDING]


def test_a_detector_whose_power_flickers_settles_once() -> None:
    """Not for longer each time: whoever pulls at its plug again and again must not silence it."""
    home = Home()
    home.leave()
    home.power_up("window")
    for _ in range(5):
        home.wait(10)
        home.power_up("window")
    home.wait(10)
    home.kinds()
    home.become_active("window")
    assert home.kinds() == [K.ALARM_PENDING]


def test_what_is_still_active_on_test_when_they_have_settled_is_tried() -> None:
    """A technician has changed the battery, and takes his time with the lid."""
    home = Home()
    home.ask(Action.TEST, lasts_s=600)
    home.power_up("case")
    home.become_active("case")
    home.kinds()
    assert home.wait(60) == [K.TAMPER_ALARM]
    assert home.told[-1].is_test
    assert not home.state.latched


def test_a_test_ends_with_the_machine_and_that_is_due_at_once() -> None:
    home = Home()
    home.wait(100_000)
    home.ask(Action.TEST, lasts_s=600)
    home.reboot(down_s=5)
    assert home.wait(0) == [K.TEST_ENDED]


def test_what_is_still_active_when_they_have_settled_counts() -> None:
    home = Home()
    home.leave()
    home.power_up("window")
    home.power_up("smoke")
    home.become_active("window")
    home.become_active("smoke")
    home.kinds()
    assert home.wait(59.9) == []
    assert home.wait(0.1) == [K.ALARM_PENDING, K.FIRE_ALARM]


def test_a_bypass_that_ended_before_the_exit_time_hides_nothing_however_late_somebody_looks() -> None:
    home = Home()
    home.become_active("window")
    home.bypass("window", lasts_s=50)
    home.arm(anyway=True)
    home.kinds()
    home.look_late(200)
    assert home.kinds()[:2] == [K.BYPASS_ENDED, K.ENTRY_STARTED]


def test_one_that_ended_after_it_has_kept_it_from_being_seen_until_then() -> None:
    home = Home()
    home.become_active("window")
    home.bypass("window", lasts_s=70)
    home.arm(anyway=True)
    home.kinds()
    home.look_late(200)
    assert home.kinds() == [K.EXIT_ENDED, K.BYPASS_ENDED, K.ALARM_PENDING]


@pytest.mark.parametrize("how", ["its time is over", "somebody takes it back"])
def test_what_stands_open_when_a_bypass_ends_is_judged_then(how: str) -> None:
    """Else it would be guarded for ever, and nobody told that it is open."""
    home = Home()
    home.arm(PanelMode.HOME)
    home.bypass("window", lasts_s=600)
    home.become_active("window")
    home.kinds()
    if how == "its time is over":
        home.wait(600)
    else:
        home.ask(Action.UNBYPASS, contact=home.contact("window"))
    assert home.kinds() == [K.BYPASS_ENDED, K.ALARM_PENDING]


@pytest.mark.parametrize("how", ["its time is over", "somebody ends it"])
def test_what_is_active_when_a_test_ends_is_judged_then(how: str) -> None:
    home = Home()
    home.arm(PanelMode.HOME)
    home.ask(Action.TEST, lasts_s=600)
    for zone in ("window", "smoke", "hall", "button"):
        home.become_active(zone)
    home.kinds()
    if how == "its time is over":
        home.wait(600)
    else:
        home.ask(Action.TEST, lasts_s=0)
    assert home.kinds() == [K.TEST_ENDED, K.ALARM_PENDING, K.FIRE_ALARM], "nobody tells when a button is let go"


def test_what_was_an_alarm_before_a_test_is_no_other_after_it() -> None:
    home = Home()
    home.become_active("case")
    home.ask(Action.TEST, lasts_s=600)
    home.kinds()
    assert home.wait(600) == [K.TEST_ENDED]
