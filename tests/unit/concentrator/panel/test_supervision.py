"""A node that has been silent for too long is found: once when it is silent, once when it is lost, and never before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.node_kinds import LOST_S, SILENT_S, WIRED, NodeKind, kind_of
from anju.concentrator.core.places import Address
from anju.concentrator.core.supervision import BRIEF_S, Listening, Missed, Stage, Supervision

DOOR, BUTTON = Address(1, 1), Address(1, 2)
SLEEPY = NodeKind("sleepy", frozenset(), silent_s=3 * 3600)
"""Silent for longer than any node may be before it is even called silent."""


def test_a_node_is_silent_after_eighteen_minutes_and_lost_after_two_hours() -> None:
    supervision = Supervision()
    supervision.heard(DOOR, WIRED, 0)
    assert supervision.due(SILENT_S - 1) == []
    assert supervision.next_deadline() == SILENT_S == 18 * 60
    assert supervision.due(SILENT_S) == [Missed(DOOR, Stage.SILENT)]
    assert supervision.due(LOST_S - 1) == []
    assert supervision.due(LOST_S) == [Missed(DOOR, Stage.LOST)]
    assert LOST_S == 2 * 3600
    assert supervision.next_deadline() is None


def test_whoever_speaks_in_time_is_never_missed() -> None:
    supervision = Supervision()
    for minute in range(0, 24 * 60, 15):
        supervision.heard(DOOR, WIRED, minute * 60)
        assert supervision.due(minute * 60) == []


def test_a_node_that_speaks_again_is_missed_anew() -> None:
    supervision = Supervision()
    supervision.heard(DOOR, WIRED, 0)
    supervision.due(SILENT_S)
    supervision.heard(DOOR, WIRED, SILENT_S + 5)
    assert supervision.silence_s(DOOR, SILENT_S + 6) == 1
    assert supervision.due(LOST_S) == [Missed(DOOR, Stage.SILENT)]


def test_a_node_that_is_unpaired_is_not_expected() -> None:
    supervision = Supervision()
    supervision.heard(DOOR, WIRED, 0)
    supervision.forget(DOOR)
    supervision.forget(BUTTON)
    assert supervision.due(LOST_S) == []
    assert supervision.silence_s(DOOR, LOST_S) is None


def test_no_kind_of_node_may_be_lost_for_longer_than_two_hours_unseen() -> None:
    supervision = Supervision()
    supervision.heard(DOOR, SLEEPY, 0)
    assert supervision.due(LOST_S) == [Missed(DOOR, Stage.SILENT), Missed(DOOR, Stage.LOST)]


def test_a_kind_is_known_by_the_board_that_a_hello_names() -> None:
    assert kind_of("0.3.0 esp32c3_door").name == "battery"
    assert kind_of("0.3.0 rp2040_wired") is WIRED
    assert kind_of("") is WIRED, "silence means most for a wired node"


class TestOverARestart:
    """How long a node counts as silent when listening goes on. Times in s, from a Unix time on."""

    @staticmethod
    def silence_s(
        heard_s: float, until_s: float, now_s: float, since_s: float = 0, *, was_silent: bool = False
    ) -> float:
        t0 = 1_790_000_000_000
        before = Listening(t0 + round(since_s * 1000), t0 + round(until_s * 1000))
        now_ms, heard_ms = t0 + round(now_s * 1000), t0 + round(heard_s * 1000)
        return before.silence_s(now_ms, heard_ms, SILENT_S, was_silent=was_silent)

    def test_a_brief_break_counts_as_none(self) -> None:
        assert BRIEF_S == 3 * 60
        assert self.silence_s(heard_s=0, until_s=600, now_s=610) == 610
        assert self.silence_s(heard_s=-5000, until_s=600, now_s=610) == 610, "nobody listened before"
        assert self.silence_s(heard_s=0, until_s=6000, now_s=6010) == 6010

    def test_who_would_have_become_silent_in_it_may_repeat_its_heartbeat(self) -> None:
        for now_s in (SILENT_S - 1, SILENT_S, SILENT_S + BRIEF_S - 1):
            assert self.silence_s(heard_s=0, until_s=now_s - 10, now_s=now_s) == SILENT_S - BRIEF_S
        assert self.silence_s(heard_s=0, until_s=SILENT_S, now_s=SILENT_S + BRIEF_S) == SILENT_S + BRIEF_S

    def test_after_a_long_one_everybody_has_the_whole_time_once_more(self) -> None:
        assert self.silence_s(heard_s=0, until_s=600, now_s=601 + BRIEF_S) == 0
        assert self.silence_s(heard_s=0, until_s=600, now_s=1_000_000_000) == 0, "or a clock that is years off"

    def test_but_who_was_silent_before_stays_so_and_is_lost_in_the_end(self) -> None:
        assert self.silence_s(heard_s=0, until_s=4000, now_s=5000, was_silent=True) == 5000
        assert self.silence_s(heard_s=0, until_s=4000, now_s=40_000, was_silent=True) == LOST_S - SILENT_S
        later_s = self.silence_s(heard_s=0, since_s=40_000, until_s=40_100, now_s=40_200, was_silent=True)
        assert later_s == LOST_S - SILENT_S + 200
        assert self.silence_s(heard_s=0, until_s=100, now_s=90, was_silent=True) == SILENT_S
        assert self.silence_s(heard_s=0, until_s=4000, now_s=4010, was_silent=True) == 4010

    def test_a_clock_that_was_set_back_tells_nothing(self) -> None:
        assert self.silence_s(heard_s=0, until_s=600, now_s=590) == 0
        assert self.silence_s(heard_s=900, until_s=600, now_s=610) == 0
        assert self.silence_s(heard_s=0, since_s=700, until_s=600, now_s=610) == 0

    def test_listening_begins_anew_after_a_break_and_goes_on_without(self) -> None:
        before = Listening(1000, 2000)
        assert before.resumed(2000 + BRIEF_S * 1000) == (1000, 2000 + BRIEF_S * 1000)
        for now_ms in (2001 + BRIEF_S * 1000, 1999):
            assert before.resumed(now_ms) == (now_ms, now_ms)

    def test_whoever_has_spoken_meanwhile_is_not_silent(self) -> None:
        supervision = Supervision()
        supervision.heard(BUTTON, WIRED, 5000)
        supervision.go_on([(BUTTON, WIRED, 0), (DOOR, WIRED, 4000)])
        assert supervision.silence_s(BUTTON, 5000) == 0
        assert supervision.due(4000 + SILENT_S) == [Missed(DOOR, Stage.SILENT)]


@given(
    heard=st.lists(st.tuples(st.sampled_from([DOOR, BUTTON]), st.integers(0, 3000)), min_size=1, max_size=30),
    until_s=st.integers(0, 20_000),
)
def test_whoever_is_silent_for_too_long_is_found_exactly_once(heard: list[tuple[Address, int]], until_s: int) -> None:
    supervision, now_s = Supervision(), 0
    last: dict[Address, int] = {}
    told: list[Missed] = []
    for address, pause_s in heard:
        supervision.heard(address, WIRED, now_s)
        told = [one for one in told if one.address != address]
        last[address] = now_s
        now_s += pause_s
        told += supervision.due(now_s)
    told += supervision.due(now_s + until_s)
    silence = {address: now_s + until_s - at_s for address, at_s in last.items()}
    expected = {Missed(address, Stage.SILENT) for address, silent_s in silence.items() if silent_s >= SILENT_S}
    expected |= {Missed(address, Stage.LOST) for address, silent_s in silence.items() if silent_s >= LOST_S}
    assert len(told) == len(expected)
    assert set(told) == expected
