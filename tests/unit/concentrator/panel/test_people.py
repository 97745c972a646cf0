"""What people ask: arming warns, a bypass has a reason and an end, and nothing is refused without saying why."""

from __future__ import annotations

from anju.concentrator.core.panel.signals import Action
from anju.uplink.reports import ArmWarning, PanelMode, Refusal, ReportKind
from unit.concentrator.panel.home import Home

K = ReportKind


def test_arming_with_something_open_says_which_and_changes_nothing() -> None:
    home = Home()
    home.become_active("window")
    home.kinds()
    decision = home.arm()
    assert decision.refusal is Refusal.NOT_READY
    assert [(warned.zone.name, warned.what) for warned in decision.told[0].warned] == [("window", ArmWarning.OPEN)]
    assert home.kinds() == [K.ARM_REFUSED]
    assert home.state.mode is PanelMode.OFF


def test_arming_anyway_leaves_it_out_until_it_is_closed() -> None:
    home = Home()
    home.become_active("window")
    home.arm(PanelMode.HOME, anyway=True)
    assert home.told[-1].warned
    assert home.state.view().bypassed == ("window",)
    home.kinds()
    home.rest("window")
    assert home.kinds() == [K.CLOSED, K.BYPASS_ENDED]
    home.become_active("window")
    assert home.kinds() == [K.ALARM_PENDING]


def test_who_leaves_through_a_door_may_have_it_open() -> None:
    home = Home()
    home.become_active("door")
    assert home.arm(PanelMode.HOME).refusal is Refusal.NOT_READY
    assert home.arm().refusal is None


def test_a_silent_or_troubled_zone_warns() -> None:
    home = Home()
    home.doubts = {"hall": (ArmWarning.SILENT,), "button": (ArmWarning.TROUBLED,)}
    decision = home.arm()
    assert {(warned.zone.name, warned.what) for warned in decision.told[0].warned} == {
        ("hall", ArmWarning.SILENT),
        ("button", ArmWarning.TROUBLED),
    }
    assert home.arm(anyway=True).refusal is None
    assert not home.state.bypasses, "silence is no bypass: it may speak again"


def test_a_bypass_has_a_reason_and_an_end() -> None:
    home = Home()
    home.bypass("window", lasts_s=300)
    told = home.told[-1]
    assert told.bypass == ("wang", "being painted")
    assert told.until_ms == home.now.wall_ms + 300_000
    home.arm(PanelMode.HOME)
    home.kinds()
    home.become_active("window")
    assert [(told.kind, told.rule) for told in home.told] == [(K.OPENED, "bypassed")]
    home.rest("window")
    home.kinds()
    assert home.wait(300) == [K.BYPASS_ENDED]
    home.become_active("window")
    assert home.kinds()[-1] is K.ALARM_PENDING


def test_a_bypass_ends_with_the_stay_at_the_latest() -> None:
    home = Home()
    home.bypass("window")
    home.leave()
    home.disarm()
    assert not home.state.bypasses


def test_a_bypass_can_be_taken_back() -> None:
    home = Home()
    assert home.ask(Action.UNBYPASS, contact=home.contact("window")).refusal is Refusal.NOT_BYPASSED
    home.bypass("window")
    home.kinds()
    home.ask(Action.UNBYPASS, contact=home.contact("window"))
    assert home.kinds() == [K.BYPASS_ENDED]


def test_only_what_is_there_can_be_bypassed() -> None:
    home = Home()
    assert home.ask(Action.BYPASS, contact=home.contact("door")._replace(node=99)).refusal is Refusal.NO_SUCH_ZONE


def test_test_ends_only_where_there_is_one() -> None:
    home = Home()
    assert home.ask(Action.TEST, lasts_s=0).refusal is Refusal.NOT_ON_TEST
    home.ask(Action.TEST, lasts_s=60)
    assert home.ask(Action.TEST, lasts_s=0).refusal is None
    assert home.kinds() == [K.TEST_STARTED, K.TEST_ENDED]
