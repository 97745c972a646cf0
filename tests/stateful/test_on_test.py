"""TEST under random hands: presses short and held, late and reordered, over restarts, starts of the machine and clock steps.

The model knows what really happened, on a clock of its own that nobody can set: when each press was, how long the button was
held, when a person began a TEST and until when it may last. It does not know how the concentrator comes to its judgement.

    no press that is held for 3 s is ever swallowed       TEST never outlives its end
    what is heard at once while no TEST is on is meant    what is late is judged by its own time
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from anju.concentrator.core.panel.signals import Action as PanelAction
from anju.concentrator.core.panel.state import PanelState
from anju.uplink.reports import Lane, Report, ReportKind
from anju.wire.messages import Ack
from anju.wire.table import Code
from stateful.rooms import OnFiles
from unit.concentrator.harness import BUTTON, HOUSEHOLD, FarNode

HELD_S = 3
HOUR_S = 3600


class Press(NamedTuple):
    """What really happened: `truth_s` by the model's clock."""

    node: int
    code: Code
    truth_s: float
    raw: bytes


class Trial(NamedTuple):
    """A TEST that a person began, by the model's clock."""

    from_s: float
    until_s: float


class OnTestMachine(OnFiles):
    """A concentrator on real files, two buttons in one flat, and the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.clock.now = self.clock.now._replace(boot="0")
        self.truth_s = 0.0
        self.ahead_s: dict[int, float] = {1: 0.0, 2: 0.0}
        """How much a node's clock is ahead of the model's; it is set by each answer."""
        self.steps = 0
        self.truths: dict[int, tuple[float, float]] = {}
        """Of each report: when it was pressed, and when that was heard, by the model's clock."""
        self.late: list[Press] = []
        self.tests: list[Trial] = []
        self.current: Trial | None = None
        self.open()
        self.nodes: dict[int, FarNode] = {}
        for number in self.ahead_s:
            self.nodes[number] = self.run(self.rooms.enrol())
            self.hears(number)

    def teardown(self) -> None:
        try:
            self.everything_late_arrives(range(len(self.late)))
        finally:
            self.ends()

    @property
    def panel(self) -> PanelState:
        return self.rooms.journal.building.panels.get(HOUSEHOLD) or PanelState()

    # Time. A service that runs looks once a second.

    def passes(self, seconds: float) -> None:
        self.truth_s += seconds
        self.clock.advance(seconds)

    def looks(self) -> None:
        self.run(self.rooms.look())

    @rule(seconds=st.sampled_from([0.4, 1, 2.7, 5, 29, 58, 61, 600, HOUR_S]))
    def time_passes(self, seconds: float) -> None:
        self.passes(seconds)
        self.looks()

    @rule(hours=st.sampled_from([-1, 1]))
    def somebody_sets_the_clock(self, hours: int) -> None:
        self.sets_clock(hours)
        self.looks()

    @rule(seconds=st.sampled_from([0, 5, 58, 700]), steps=st.sampled_from([0, 0, -1, 1]), machine=st.booleans())
    def the_service_is_down_for_a_while(self, seconds: float, steps: int, machine: bool) -> None:
        """With the machine, its monotonic clock begins anew, perhaps above where it was."""
        self.close()
        self.passes(seconds)
        self.sets_clock(steps)
        if machine:
            boot = str(int(self.clock.now.boot) + 1)
            self.clock.now = self.clock.now._replace(monotonic_s=10 * float(boot), boot=boot)
            self.current = None  # the machine has forgotten how late it was; so TEST is over
        self.open()
        self.looks()

    def sets_clock(self, hours: int) -> None:
        self.clock.now = self.clock.now._replace(wall_ms=self.clock.now.wall_ms + hours * HOUR_S * 1000)
        self.steps += abs(hours)

    # People.

    @rule(lasts_s=st.sampled_from([60, 600, 2 * HOUR_S]))
    def a_person_begins_a_test(self, lasts_s: int) -> None:
        self.run(self.rooms.ask(PanelAction.TEST, lasts_s=lasts_s))
        from_s = self.is_on.from_s if self.is_on else self.truth_s
        self.current = Trial(from_s, self.truth_s + lasts_s)
        self.tests.append(self.current)

    @rule()
    def a_person_ends_it(self) -> None:
        if self.panel.test:
            self.run(self.rooms.ask(PanelAction.TEST, lasts_s=0))
        self.current = None

    @rule()
    def a_person_resets_the_latches(self) -> None:
        self.run(self.rooms.ask(PanelAction.RESET))

    @property
    def is_on(self) -> Trial | None:
        """The TEST that may be on by the model's clock."""
        return self.current if self.current and self.truth_s < self.current.until_s else None

    # Buttons. A node's clock is right as of its last answer, in whole seconds.

    def hears(self, number: int) -> None:
        """A heartbeat is answered, and sets the node's clock."""
        self.deliver_raw(number, self.nodes[number].heartbeat())

    def presses(self, number: int, code: Code) -> Press:
        node = self.nodes[number]
        told_s = int(self.truth_s + self.ahead_s[number])
        raw = node.event(code, BUTTON, time_s=told_s)
        return Press(number, code, self.truth_s, raw)

    @rule(
        number=st.sampled_from([1, 2]),
        held_s=st.sampled_from([0, 0, HELD_S, HELD_S]),
        press_is_late=st.booleans(),
        held_is_late=st.booleans(),
        end_between=st.booleans(),
        heartbeat=st.booleans(),
    )
    def somebody_presses(
        self, number: int, held_s: int, press_is_late: bool, held_is_late: bool, end_between: bool, heartbeat: bool
    ) -> None:
        press = self.presses(number, Code.PANIC)
        if press_is_late:
            self.late.append(press)
        else:
            self.deliver(press)
        if held_s:
            if end_between:
                self.a_person_ends_it()
            self.passes(held_s)
            if heartbeat:
                self.hears(number)
            self.looks()
            held = self.presses(number, Code.HELD)
            if held_is_late:
                self.late.append(held)
            else:
                self.deliver(held)

    @rule(
        numbers=st.lists(st.sampled_from([1, 2]), min_size=1, max_size=4),
        lasts_s=st.sampled_from([60, 600]),
        pause_s=st.sampled_from([0.5, 4, 30]),
        held_s=st.sampled_from([0, HELD_S]),
        anew=st.booleans(),
    )
    def an_installer_walks(self, numbers: list[int], lasts_s: int, pause_s: float, held_s: int, anew: bool) -> None:
        """One button after the other on TEST, whose clocks are right; perhaps begun anew in between."""
        self.a_person_begins_a_test(lasts_s)
        for number in numbers:
            self.hears(number)
            self.time_passes(pause_s)
            if anew:
                self.late.append(self.presses(number, Code.PANIC))
                self.a_person_begins_a_test(lasts_s)
            self.somebody_presses(
                number, held_s, press_is_late=False, held_is_late=False, end_between=False, heartbeat=False
            )
            if anew:
                self.everything_late_arrives(range(len(self.late)))

    @precondition(lambda self: self.late)
    @rule(picks=st.lists(st.integers(0, 30), min_size=1, max_size=4))
    def something_late_arrives(self, picks: list[int]) -> None:
        self.everything_late_arrives({pick % len(self.late) for pick in picks})

    def everything_late_arrives(self, which: range | set[int]) -> None:
        arriving = [self.late[at] for at in sorted(which)]
        self.late = [press for press in self.late if press not in arriving]
        for press in reversed(arriving):
            self.deliver(press)

    @rule(number=st.sampled_from([1, 2]))
    def a_node_is_heard(self, number: int) -> None:
        self.hears(number)

    def deliver_raw(self, number: int, raw: bytes) -> None:
        for ack in self.run(self.rooms.acks(self.nodes[number], raw)):
            self.ahead_s[number] = ack.time_s - self.truth_s

    def deliver(self, press: Press) -> None:
        """Let it arrive, and judge the judgement."""
        node = self.nodes[press.node]
        before = self.rooms.journal.building.last_seq
        answers = self.run(self.rooms.acks(node, press.raw))
        new = self.rooms.reports()[before:]
        self.truths |= {report.seq: (press.truth_s, self.truth_s) for report in new}
        found = [report for report in new if report.kind in (ReportKind.HOLD_UP_ALARM, ReportKind.HOLD_UP_HELD)]
        if not found:
            # So late that its number is out of the window: a node seals it anew, which is not this test's affair.
            assert not answers
            return
        (report,) = found
        self.flag_is_true(report, answers)
        if press.code is Code.HELD:
            self.is_not_swallowed(press, report)
        else:
            self.is_judged(press, report)
        if press.truth_s == self.truth_s:  # a late answer sets no clock
            self.ahead_s[press.node] = answers[0].time_s - self.truth_s

    def flag_is_true(self, report: Report, answers: list[Ack]) -> None:
        assert [bool(answer.flags) for answer in answers] == [report.test]

    def is_not_swallowed(self, held: Press, report: Report) -> None:
        """It is a hold-up itself, or one was pressed or heard of not 10 s before."""
        assert not report.test
        if report.kind is ReportKind.HOLD_UP_ALARM:
            assert report.lane is Lane.PANIC
            return
        assert report.kind is ReportKind.HOLD_UP_HELD
        alarms = [
            other
            for other in self.rooms.reports()[: report.seq - 1]
            if other.kind is ReportKind.HOLD_UP_ALARM and not other.test and other.node == report.node
        ]
        now = self.truths[report.seq]
        before = [self.truths[alarm.seq] for alarm in alarms]
        assert any(0 <= is_s - was_s <= 11 for then in before for is_s, was_s in zip(now, then, strict=True))
        if self.is_on and held.truth_s == self.truth_s and self.steps == 0:
            assert self.truth_s - self.is_on.from_s < 3, "on TEST it is a hold-up of its own"

    def is_judged(self, press: Press, report: Report) -> None:
        is_heard_at_once = press.truth_s == self.truth_s
        if is_heard_at_once and not self.is_on:
            assert not report.test, "nobody has put it on TEST"
        if report.test:
            assert not report.is_alarm
            assert self.tests, "there never was a TEST"
            assert not report.time_doubtful
        else:
            assert (report.kind, report.lane) == (ReportKind.HOLD_UP_ALARM, Lane.PANIC)
        if self.steps == 0 and self.clock.now.boot == "0":
            # No clock was ever set: then its own time alone counts, with 3 s at both ends.
            was_on = any(test.from_s <= press.truth_s < test.until_s for test in self.tests)
            if report.test:
                assert was_on, "TEST was not on when it was pressed"
            if self.is_on and press.truth_s - self.is_on.from_s >= 3:
                assert report.test, "it is on TEST still, and was all the time since"

    # What holds after every step.

    @invariant()
    def a_test_never_outlives_its_end(self) -> None:
        if self.panel.test:
            assert self.current, "a person has ended it, or the machine was started anew"
            assert self.truth_s < self.current.until_s

    @invariant()
    def nothing_tripped(self) -> None:
        assert not self.rooms.reception.counts["fault"]


@pytest.mark.timeout(900)
def test_no_held_press_is_swallowed_and_no_test_outlives_its_end() -> None:
    run_state_machine_as_test(OnTestMachine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_no_held_press_is_swallowed_and_no_test_outlives_its_end_for_long() -> None:
    run_state_machine_as_test(
        OnTestMachine, settings=settings(max_examples=1000, stateful_step_count=60, deadline=None)
    )
