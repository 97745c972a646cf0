"""Whatever the channel, the power and an attacker do to a pairing, it ends on both ends or on neither."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from anju.wire.table import Step
from stateful.pairing import Desk, Power, hasten

CHOICE = st.integers(0, 1000)


class Pairing(RuleBasedStateMachine):
    """One node that is paired, perhaps again and again, over a channel that belongs to somebody else."""

    @initialize()
    def begin(self) -> None:
        self.desk = Desk()
        self.epoch = 0

    @rule()
    def somebody_shows_the_label(self) -> None:
        self.epoch += self.desk.node.label.device not in self.desk.host.pairings.searches
        self.desk.host.show(self.desk.node.label, self.desk.now, epoch=self.epoch, node=7)

    @rule()
    def somebody_pairs_it(self) -> None:
        self.somebody_shows_the_label()
        self.somebody_opens_the_case_and_presses()

    @rule()
    def somebody_opens_the_case_and_presses(self) -> None:
        self.desk.node.end.open(self.desk.now)
        self.desk.speak()

    @rule()
    def somebody_takes_it_back(self) -> None:
        self.desk.withdraw()

    @rule(ms=st.sampled_from([10, 300, 1000, 20_000, 61_000, 130_000]))
    def time_passes(self, ms: int) -> None:
        self.desk.wait(ms)

    @rule()
    def everything_arrives(self) -> None:
        self.desk.wait(600)
        self.desk.exchange()

    @precondition(lambda self: self.desk.up)
    @rule(choice=CHOICE, doubled=st.booleans())
    def one_frame_arrives_up(self, choice: int, doubled: bool) -> None:
        frames = self.desk.up
        frame = frames[choice % len(frames)] if doubled else frames.pop(choice % len(frames))
        self.desk.hear_up(frame)

    @precondition(lambda self: self.desk.down)
    @rule(choice=CHOICE, doubled=st.booleans())
    def one_frame_arrives_down(self, choice: int, doubled: bool) -> None:
        frames = self.desk.down
        frame = frames[choice % len(frames)] if doubled else frames.pop(choice % len(frames))
        self.desk.hear_down(frame)
        self.desk.speak()

    @rule()
    def everything_on_its_way_is_lost(self) -> None:
        self.desk.up.clear()
        self.desk.down.clear()

    @rule(step=st.sampled_from(Step))
    def everything_arrives_but_one_step(self, step: Step) -> None:
        self.desk.wait(600)
        self.desk.exchange(without=step)

    @precondition(lambda self: self.desk.said)
    @rule()
    def every_old_frame_is_said_again(self) -> None:
        for frame in tuple(self.desk.said[-12:]):
            self.desk.hear_up(frame)
            self.desk.hear_down(frame)
        self.desk.speak()

    @precondition(lambda self: self.desk.said)
    @rule(choice=CHOICE, place=CHOICE, bit=st.integers(0, 8), is_short=st.booleans())
    def an_old_frame_is_said_again(self, choice: int, place: int, bit: int, is_short: bool) -> None:
        """As it was, or changed, or cut short; to both."""
        frame = bytearray(self.desk.said[choice % len(self.desk.said)])
        if bit < 8:
            frame[place % len(frame)] ^= 1 << bit
        if is_short:
            del frame[place % len(frame) :]
        self.desk.hear_up(bytes(frame))
        self.desk.hear_down(bytes(frame))
        self.desk.speak()

    @rule(writes=st.integers(0, 2), is_done_first=st.booleans())
    def the_nodes_power_will_go(self, writes: int, is_done_first: bool) -> None:
        self.desk.node.power = Power(writes, is_done_first)

    @rule(writes=st.integers(0, 2), is_done_first=st.booleans())
    def the_concentrators_power_will_go(self, writes: int, is_done_first: bool) -> None:
        self.desk.host.power = Power(writes, is_done_first)

    @rule()
    def the_nodes_power_goes(self) -> None:
        self.desk.node.start(self.desk.now)

    @rule()
    def the_concentrators_power_goes(self) -> None:
        self.desk.host.start(self.desk.now)

    @precondition(lambda self: self.desk.node.identity is not None)
    @rule()
    def a_frame_arrives_under_the_nodes_keys(self) -> None:
        self.desk.verify()

    @invariant()
    def nobody_is_paired_alone(self) -> None:
        if hasattr(self, "desk"):
            self.desk.check()

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.settle()
            self.desk.is_paired()


@pytest.mark.timeout(900)  # not for passing: a failure takes minutes to be made short
def test_it_ends_on_both_ends_or_on_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)
    run_state_machine_as_test(Pairing, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_it_ends_on_both_ends_or_on_neither_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)
    run_state_machine_as_test(Pairing, settings=settings(max_examples=2000, stateful_step_count=80, deadline=None))
