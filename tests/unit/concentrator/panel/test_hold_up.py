"""A hold-up cannot be disarmed, bypassed, called off or forgotten (invariant I4)."""

from __future__ import annotations

import pytest

from anju.concentrator.core.panel.signals import Action
from anju.concentrator.core.panel.zones import Siren
from anju.uplink.reports import Lane, PanelMode, Refusal, ReportKind, ZoneKind
from unit.concentrator.panel.home import Home

K = ReportKind


def _home_in(state: str) -> Home:
    home = Home()
    if state == "exit":
        home.arm()
    elif state in {"away", "entry", "abort"}:
        home.leave()
    elif state == "home":
        home.arm(PanelMode.HOME)
    if state == "entry":
        home.become_active("door")
    elif state == "abort":
        home.become_active("window")
    home.kinds()
    return home


@pytest.mark.parametrize("button", ["button", "hidden button"])
@pytest.mark.parametrize("state", ["off", "exit", "home", "away", "entry", "abort"])
def test_a_press_is_an_alarm_at_once_in_every_state(state: str, button: str) -> None:
    home = _home_in(state)
    home.become_active(button)
    (told,) = home.told
    assert (told.kind, told.lane) == (K.HOLD_UP_ALARM, Lane.PANIC)
    assert home.state.latched == {home.zones[button]}


def test_disarming_does_not_clear_it() -> None:
    home = _home_in("away")
    home.become_active("button")
    home.disarm()
    assert home.state.latched == {"hold_up"}
    assert K.ALARM_CANCELLED not in home.kinds()


def test_it_latches_until_a_person_resets_it() -> None:
    home = Home()
    home.become_active("button")
    home.rest("button")
    home.wait(7 * 86400)
    assert home.state.latched == {"hold_up"}
    home.ask(Action.RESET)
    assert not home.state.latched


def test_no_button_can_be_bypassed() -> None:
    home = Home()
    for zone in ("button", "hidden button", "smoke", "gas", "water", "case", "safe"):
        assert home.bypass(zone).refusal is Refusal.NOT_BYPASSABLE
    assert home.kinds() == []


def test_every_press_is_reported_also_while_the_first_is_latched() -> None:
    home = Home()
    for _ in range(3):
        home.become_active("button")
    assert home.kinds() == [K.HOLD_UP_ALARM] * 3


def test_a_press_on_test_is_tried_and_one_that_is_held_is_real() -> None:
    home = Home()
    home.ask(Action.TEST, lasts_s=600)
    home.kinds()
    home.become_active("button")
    assert [(told.kind, told.lane, told.is_test) for told in home.told] == [(K.HOLD_UP_ALARM, Lane.ROUTINE, True)]
    assert not home.state.latched
    home.kinds()
    home.hold("button")
    assert [(told.kind, told.lane, told.is_test) for told in home.told] == [(K.HOLD_UP_ALARM, Lane.PANIC, False)]
    assert home.state.latched == {"hold_up"}


def test_that_a_raised_press_is_held_says_nothing_new() -> None:
    home = Home()
    home.become_active("button")
    home.wait(3)
    home.hold("button")
    assert home.kinds() == [K.HOLD_UP_ALARM, K.HOLD_UP_HELD]


def test_a_press_right_after_its_node_has_started_is_an_alarm() -> None:
    home = Home()
    home.power_up("button")
    home.become_active("button")
    assert home.kinds() == [K.HOLD_UP_ALARM]


def test_a_delayed_press_is_an_alarm_like_any_other() -> None:
    home = Home()
    home.become_active("button", ago_s=3600)
    home.become_active("button", doubtful=True)
    assert [told.lane for told in home.told] == [Lane.PANIC, Lane.PANIC]


def test_a_reset_ends_a_siren_that_nothing_latched_wants() -> None:
    """The case still stands open and stays latched; the siren was the button's."""
    home = Home()
    home.become_active("case")
    home.become_active("button")
    home.rest("button")
    assert home.state.sounding is not None
    assert home.state.sounding.siren is Siren.HOLD_UP
    home.ask(Action.RESET)
    assert home.state.latched == {ZoneKind.TAMPER}
    assert home.state.sounding is None


def test_it_goes_on_where_something_latched_wants_it() -> None:
    home = Home()
    home.become_active("smoke")
    home.become_active("button")
    home.rest("button")
    home.ask(Action.RESET)
    assert home.state.latched == {ZoneKind.FIRE}
    assert home.state.sounding is not None
    assert home.state.sounding.siren is Siren.FIRE


def test_duress_disarms_and_calls_for_help_without_a_sound() -> None:
    home = _home_in("away")
    home.ask(Action.DURESS)
    assert [(told.kind, told.lane) for told in home.told] == [
        (K.DURESS_ALARM, Lane.PANIC),
        (K.DISARMED, Lane.ROUTINE),
    ]
    assert home.state.mode is PanelMode.OFF
    assert home.state.sounding is None
    assert home.state.latched == {"silent_hold_up"}


def test_how_somebody_presses_it_is_not_told_with_the_alarm() -> None:
    for kind, told_as in (
        (ZoneKind.ANY_PRESS, ZoneKind.HOLD_UP),
        (ZoneKind.SILENT_ANY_PRESS, ZoneKind.SILENT_HOLD_UP),
    ):
        home, usual = Home(zones={"bed": kind}), Home(zones={"bed": told_as})
        for one in (home, usual):
            one.become_active("bed")
            one.hold("bed")
        assert home.told == usual.told
        assert home.state == usual.state
        assert home.state.latched == {told_as}
