"""The air loses, doubles and holds back what it was told to, in both directions, and again with the same seed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.simulator.air import Air, Direction, Passage, Traffic
from anju.simulator.faults import Fate, Faults

CLEAR = Faults()


class Waiting:
    """A clock that stands still until it is asked to go on."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        self.due.append((delay_s, act))

    def pass_by(self) -> None:
        for _delay_s, act in sorted(self.due, key=lambda one: one[0]):
            act()


def carried(faults: Faults, frames: list[bytes], seed: str = "1") -> tuple[list[bytes], Traffic]:
    """What comes out at the concentrator's end, and the counts."""
    out: list[bytes] = []
    waiting, traffic = Waiting(), Traffic()
    passage = Passage(
        {way: Fate(faults, f"{seed} {way}") for way in Direction},
        traffic,
        lambda _way, frame: out.append(frame),
        waiting.later,
    )
    for frame in frames:
        passage.carry(Direction.UP, frame)
    waiting.pass_by()
    return out, traffic


FRAMES = [number.to_bytes(2, "big") for number in range(2000)]


def test_clear_air_carries_everything_once_and_in_order() -> None:
    out, traffic = carried(CLEAR, FRAMES)
    assert out == FRAMES
    assert traffic.frames == {Direction.UP: len(FRAMES), Direction.DOWN: 0}


def test_loss_is_as_told() -> None:
    out, _ = carried(Faults(loss=0.2), FRAMES)
    assert 0.75 < len(out) / len(FRAMES) < 0.85


def test_duplicates_are_as_told() -> None:
    out, _ = carried(Faults(duplicate=0.1), FRAMES)
    assert 0.07 < len(out) / len(FRAMES) - 1 < 0.13
    assert set(out) == set(FRAMES)


def test_what_is_held_back_is_overtaken_and_arrives() -> None:
    out, _ = carried(Faults(reorder=0.1), FRAMES)
    assert out != FRAMES
    assert sorted(out) == FRAMES


@given(
    faults=st.builds(Faults, loss=st.floats(0, 1), duplicate=st.floats(0, 1), reorder=st.floats(0, 1)),
    seed=st.text(max_size=4),
)
def test_a_seed_repeats_a_day(faults: Faults, seed: str) -> None:
    assert [Fate(faults, seed).next() for _ in range(20)] == [Fate(faults, seed).next() for _ in range(20)]
    assert carried(faults, FRAMES[:50], seed)[0] == carried(faults, FRAMES[:50], seed)[0]


def test_a_frame_sent_again_byte_for_byte_is_a_retransmission() -> None:
    _, traffic = carried(Faults(loss=1.0), [b"one", b"two", b"one", b"one", b"three"])
    assert traffic.retransmitted == 2


def test_what_the_air_doubles_is_not_a_retransmission() -> None:
    _, traffic = carried(Faults(duplicate=1.0), [b"one", b"two"])
    assert traffic.retransmitted == 0


@pytest.mark.anyio
async def test_it_becomes_worse_for_everybody_who_is_in_it() -> None:
    out: list[str] = []
    air = Air(("127.0.0.1", 1), Faults(loss=1.0).no_worse_than(0.0), seed=1)
    before, after = [air.road(name, lambda way, _frame: out.append(way)) for name in ("before", "after")]
    before("up", b"heard")
    air.become(Faults(loss=1.0))
    before("up", b"lost")
    after("down", b"lost")
    air.road("later", lambda way, _frame: out.append(way))("up", b"lost")
    assert out == ["up"]


def test_directions_have_fates_of_their_own() -> None:
    ways: list[Direction] = []
    passage = Passage(
        {Direction.UP: Fate(Faults(loss=1.0), ""), Direction.DOWN: Fate(CLEAR, "")},
        Traffic(),
        lambda way, _frame: ways.append(way),
        Waiting().later,
    )
    passage.carry(Direction.UP, b"up")
    passage.carry(Direction.DOWN, b"down")
    assert ways == [Direction.DOWN]
