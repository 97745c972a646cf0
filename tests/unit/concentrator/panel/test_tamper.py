"""An opened case is an alarm whatever the household is in, and so is a node that forgets its place (invariant I5)."""

from __future__ import annotations

import pytest

from anju.concentrator.core.panel.signals import Action
from anju.uplink.reports import Lane, PanelMode, ReportKind, ZoneKind
from anju.wire.table import Code
from unit.concentrator.panel.home import Home

K = ReportKind


@pytest.fixture(params=["off", "leaving", "home", "away", "entry", "abort"])
def home(request: pytest.FixtureRequest) -> Home:
    """A household in each state."""
    home = Home()
    match request.param:
        case "leaving":
            home.arm()
        case "home":
            home.arm(PanelMode.HOME)
        case "away" | "entry" | "abort":
            home.leave()
    if request.param == "entry":
        home.become_active("door")
    if request.param == "abort":
        home.become_active("window")
    home.told.clear()
    return home


@pytest.mark.parametrize("code", [Code.TAMPERED, Code.LEAVING])
def test_it_is_an_alarm_and_latches_in_every_state(home: Home, code: Code) -> None:
    home.says("case", code)
    assert [(told.kind, told.lane) for told in home.told] == [(K.TAMPER_ALARM, Lane.ALARM)]
    assert ZoneKind.TAMPER in home.state.latched


def test_that_it_is_closed_again_ends_no_latch(home: Home) -> None:
    home.says("case", Code.TAMPERED)
    home.told.clear()
    home.says("case", Code.TAMPER_RESTORED)
    assert [(told.kind, told.lane) for told in home.told] == [(K.TAMPER_RESTORED, Lane.ROUTINE)]
    assert ZoneKind.TAMPER in home.state.latched


def test_on_test_a_technician_may_open_a_case_and_no_node_may_leave(home: Home) -> None:
    """A battery is changed with the case open; that a node is wiped is nobody's maintenance."""
    home.ask(Action.TEST, lasts_s=300)
    home.told.clear()
    home.says("case", Code.TAMPERED)
    home.power_up("case")
    home.says("case", Code.TAMPER_RESTORED)
    assert [(told.lane, told.is_test) for told in home.told] == 2 * [(Lane.ROUTINE, True)]
    assert ZoneKind.TAMPER not in home.state.latched
    home.says("case", Code.LEAVING)
    assert home.told[-1].lane is Lane.ALARM
    assert ZoneKind.TAMPER in home.state.latched
