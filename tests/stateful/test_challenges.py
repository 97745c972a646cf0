"""Challenges against a memory of everything: each is good for one answer, of one press, in its time."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from anju.concentrator.core.keypads import CHALLENGE_S, Challenges, Press
from anju.concentrator.core.places import Address, LinkId
from anju.wire.table import Action

PRESSES = st.builds(
    Press,
    st.builds(LinkId, st.builds(Address, st.just(1), st.integers(1, 2)), st.integers(1, 2)),
    st.integers(1, 3),
    st.sampled_from(list(Action)),
)


class Machine(RuleBasedStateMachine):
    """People press, nodes answer, attackers say what they have heard."""

    def __init__(self) -> None:
        super().__init__()
        self.challenges = Challenges()
        self.now_s = 0.0
        self.issued: list[tuple[Press, bytes, float]] = []
        self.dead: set[bytes] = set()

    @rule(press=PRESSES)
    def challenge(self, press: Press) -> None:
        for known, value, _at_s in self.issued:
            if known.link.address == press.link.address:
                self.dead.add(value)
        value = len(self.issued).to_bytes(8, "big")
        self.issued.append((press, value, self.now_s))
        self.challenges.issue(press, value, self.now_s)
        assert self.challenges.pending(press, self.now_s) == value

    @rule(press=PRESSES, data=st.data())
    def answer(self, press: Press, data: st.DataObject) -> None:
        values = [value for _press, value, _at_s in self.issued] or [bytes(8)]
        value = data.draw(st.sampled_from(values))
        is_good = any(
            (known, told) == (press, value) and told not in self.dead and self.now_s < at_s + CHALLENGE_S
            for known, told, at_s in self.issued
        )
        assert self.challenges.answered(press, value, self.now_s) == is_good
        for known, told, _at_s in self.issued:
            if known.link.address == press.link.address:
                self.dead.add(told)

    @rule(seconds=st.sampled_from([0.1, 1.0, CHALLENGE_S - 0.1, CHALLENGE_S, 3600.0]))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds


def test_each_challenge_is_good_for_one_answer_of_its_press_in_its_time() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=200, stateful_step_count=30, deadline=None))
