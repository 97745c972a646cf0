"""Noise in thirty of any sixty seconds is jamming; a collision now and then is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.jamming import CLEAR_S, FAULTS_A_SECOND, JAMMED_S, WITHIN_S, Jamming

NOISE = FAULTS_A_SECOND


def test_thirty_seconds_of_noise_in_any_sixty_are_jamming() -> None:
    jamming = Jamming()
    changes = [second for second in range(60) if jamming.second(second, NOISE if second % 2 else 0)]
    assert changes == [59]
    assert jamming.is_jammed
    assert (JAMMED_S, WITHIN_S) == (30, 60)


def test_twenty_nine_are_not() -> None:
    jamming = Jamming()
    assert not any(jamming.second(second, NOISE if second < 29 else 0) for second in range(600))


def test_collisions_are_not_noise() -> None:
    jamming = Jamming()
    assert not any(jamming.second(second, NOISE - 1) for second in range(600))


def test_it_is_over_when_it_has_been_quiet_and_not_at_the_first_pause() -> None:
    jamming = Jamming()
    for second in range(60):
        jamming.second(second, NOISE)
    over = next(second for second in range(60, 200) if jamming.second(second, 0))
    assert over == 59 + WITHIN_S - CLEAR_S
    assert not jamming.is_jammed


@given(st.lists(st.booleans(), max_size=200))
def test_it_never_begins_below_thirty_and_never_ends_above_ten(noisy: list[bool]) -> None:
    jamming = Jamming()
    for second, is_noisy in enumerate(noisy):
        was = jamming.is_jammed
        changed = jamming.second(second, NOISE if is_noisy else 0)
        count = sum(noisy[max(0, second + 1 - WITHIN_S) : second + 1])
        assert changed == (was != jamming.is_jammed)
        assert jamming.is_jammed == (count > CLEAR_S if was else count >= JAMMED_S)
