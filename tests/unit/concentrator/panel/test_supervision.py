"""A node that has been silent for too long is found: once when it is silent, once when it is lost, and never before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.node_kinds import LOST_S, SILENT_S, WIRED, NodeKind, kind_of
from anju.concentrator.core.places import Address
from anju.concentrator.core.supervision import Missed, Stage, Supervision

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
