"""The panel of a household against a second model of it, over any days: people, doors, faults, restarts and clocks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.signals import Action
from anju.uplink.reports import Lane, PanelMode, ReportKind
from stateful.panel_model import ALWAYS, BUTTONS, Alarm, Model
from unit.concentrator.panel.home import Home

ZONES = ("door", "window", "hall", *ALWAYS)
INTRUSION = ("door", "window", "hall")


class Household(RuleBasedStateMachine):
    """One flat, and everything that may happen to it. Times are whole seconds, so that deadlines are hit exactly."""

    @initialize()
    def begin(self) -> None:
        self.home = Home()
        self.model = Model()
        self.raised: list[Alarm] = []
        self.pressed = 0

    @rule(zone=st.sampled_from(ZONES))
    def become_active(self, zone: str) -> None:
        if zone in self.home.open and zone not in BUTTONS:
            return
        self.model.becomes_active(zone)
        self.home.become_active(zone)

    @rule(zone=st.sampled_from(ZONES))
    def rest(self, zone: str) -> None:
        if zone in self.home.open:
            self.model.rests(zone)
            self.home.rest(zone)

    @rule(mode=st.sampled_from(["away", "home"]))
    def arm(self, mode: str) -> None:
        self.model.arm(mode)
        self.home.arm(PanelMode(mode), anyway=True)

    @rule(mode=st.sampled_from(["away", "home"]), quiet_s=st.sampled_from([0, 300]))
    def leave(self, mode: str, quiet_s: int) -> None:
        self.arm(mode)
        self.wait(60 + quiet_s)

    @rule(zone=st.sampled_from(INTRUSION), stays_s=st.sampled_from([0, 30, 59, 60, 61]))
    def break_in(self, zone: str, stays_s: int) -> None:
        self.become_active(zone)
        self.wait(stays_s)
        self.rest(zone)

    @rule(
        mode=st.sampled_from(["away", "home"]), zone=st.sampled_from(INTRUSION), after_s=st.sampled_from([70, 150, 350])
    )
    def leave_out_for_a_while(self, mode: str, zone: str, after_s: int) -> None:
        self.arm(mode)
        self.wait(100)
        self.bypass(zone, 90)
        self.wait(400)
        self.disarm()
        self.wait(60)
        self.hear_late_of_an_opening(zone, 1, after_s)

    @rule(
        passes_s=st.sampled_from([4, 15, 26]),
        late_s=st.sampled_from([0, 5, 25, 31, 45]),
        hall_first=st.booleans(),
        stays_s=st.sampled_from([0, 14, 15, 31]),
    )
    def come_in_and_be_heard_of_late(self, passes_s: int, late_s: int, hall_first: bool, stays_s: int) -> None:
        """Through the door and the hall, in air that loses what they say for `late_s`; in any order it is the same.

        As far as clocks of nodes tell, the hall is surely within the entry time.
        """
        # Once the door's alarm was raised, the panel remembers no entry time in which the hall was passed.
        is_raised_first = not hall_first and passes_s + late_s >= 60
        if not self._is_quiet_and_away() or is_raised_first:
            return
        for zone, pause_s in (("door", passes_s), ("hall", late_s)):
            self.model.becomes_active(zone)
            self.model.rests(zone)
            self.model.passes(pause_s)
        self.home.wait(passes_s + late_s)
        for zone in ("hall", "door") if hall_first else ("door", "hall"):
            ago_s = late_s if zone == "hall" else late_s + passes_s
            self.home.become_active(zone, ago_s=ago_s)
            self.home.rest(zone, ago_s=ago_s)
        self.wait(stays_s)

    def _is_quiet_and_away(self) -> bool:
        """Whether a door that is opened now begins the entry time, whatever a doubtful past may say."""
        state = self.home.state
        is_usual = not (state.settling or state.bypasses or state.test or state.stays.last.shut)
        is_shut = not self.home.open & {"door", "hall"}
        return is_usual and is_shut and state.phase is Phase.GUARD and state.mode is PanelMode.AWAY

    @rule()
    def disarm(self) -> None:
        self.model.disarm()
        self.home.disarm()

    @rule()
    def duress(self) -> None:
        self.model.disarm()
        self.home.ask(Action.DURESS)
        assert self.home.told[-1].lane is Lane.ROUTINE
        assert [told.lane for told in self.home.told if told.kind is ReportKind.DURESS_ALARM] == [Lane.PANIC]

    @rule()
    def reset(self) -> None:
        self.model.reset()
        self.home.ask(Action.RESET)

    @rule(zone=st.sampled_from(INTRUSION), lasts_s=st.sampled_from([0, 20, 90]))
    def bypass(self, zone: str, lasts_s: int) -> None:
        self.model.bypass(zone, lasts_s)
        self.home.bypass(zone, lasts_s)

    @rule(zone=st.sampled_from(tuple(ALWAYS)))
    def try_to_bypass_what_cannot_be(self, zone: str) -> None:
        assert self.home.bypass(zone).refusal is not None

    @rule(lasts_s=st.sampled_from([40, 300]))
    def test(self, lasts_s: int) -> None:
        self.model.test_until_s = self.model.now_s + lasts_s
        self.home.ask(Action.TEST, lasts_s=lasts_s)

    @rule(zone=st.sampled_from(ZONES))
    def power_up(self, zone: str) -> None:
        self.model.starts.setdefault(zone, self.model.now_s)
        self.home.power_up(zone)

    @rule(seconds=st.sampled_from([1, 5, 10, 20, 29, 30, 31, 60, 61, 200, 3600]))
    def wait(self, seconds: int) -> None:
        self.model.passes(seconds)
        self.home.wait(seconds)

    @rule(seconds=st.sampled_from([-3600, -7, 7, 3600]))
    def set_the_clock(self, seconds: int) -> None:
        self.home.step_clock(seconds)

    @rule(is_reboot=st.booleans())
    def restart(self, is_reboot: bool) -> None:
        if is_reboot and self.home.state.test is None:  # a TEST does not outlive a reboot
            self.home.reboot()
        else:
            self.home.restart()

    @rule(button=st.sampled_from(BUTTONS), ago_s=st.sampled_from([40, 4000]))
    def hear_late_of_a_press(self, button: str, ago_s: int) -> None:
        if self.home.state.test is None and not self.home.state.tests:
            self.home.become_active(button, ago_s=ago_s)
            self.home.open.discard(button)
            self.model.always.append(Alarm(self.model.now_s, "hold_up_alarm", button))

    @rule(
        zone=st.sampled_from(INTRUSION),
        back=st.integers(1, 3),
        after_s=st.sampled_from([0, 5, 20, 59, 61, 90, 100, 150, 400, 3600]),
    )
    def hear_late_of_an_opening(self, zone: str, back: int, after_s: int) -> None:
        model, state = self.model, self.home.state
        if model.stay or back > len(model.stays) or zone in self.home.open or state.test or state.tests:
            return
        stay = model.stays[-back]
        at_s = stay.begin_s + after_s
        if stay.end_s is None or at_s >= stay.end_s or model.now_s - at_s <= 30:
            return
        model.is_heard_late(zone, stay, at_s)
        self.home.become_active(zone, ago_s=model.now_s - at_s)
        self.home.open.discard(zone)

    @invariant()
    def raises_the_same(self) -> None:
        told, self.home.told = self.home.told, []
        for one in told:
            if one.kind.endswith("_alarm") and not one.is_test and one.source:
                assert one.lane is not Lane.ROUTINE
                self.raised.append(Alarm(0, one.kind, one.source.name))
        expected = [(alarm.kind, alarm.zone) for alarm in self.model.alarms()]
        assert sorted((alarm.kind, alarm.zone) for alarm in self.raised) == sorted(expected)
        assert (self.home.state.mode is PanelMode.OFF) == (self.model.stay is None)

    @invariant()
    def is_never_stuck(self) -> None:
        state = self.home.state
        assert (state.timer is None) == (state.phase in {"off", "guard"})


def _run(**how: Any) -> None:
    run_state_machine_as_test(
        Household,
        settings=settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, **how),
    )


@pytest.mark.timeout(900)  # not for passing: a failure takes minutes to be made short
def test_any_day_raises_what_the_specification_says() -> None:
    _run(max_examples=400, stateful_step_count=50)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_many_more_days_raise_what_the_specification_says() -> None:
    _run(max_examples=4000, stateful_step_count=80)
