"""Power cuts in the middle of flash writes: it boots, loses no event it told of, and uses no number twice (I6)."""

import pytest

from anju.bench.power_cut import Aim, measure


def _silently(_line: str) -> None:
    pass


def test_fifty_cuts_while_numbers_are_reserved() -> None:
    outcome = measure(50, 1, _silently, [Aim.RESERVATION])
    assert outcome.struck[Aim.RESERVATION] == 50
    assert outcome.is_good, outcome.as_json()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_five_hundred_cuts_while_numbers_are_reserved() -> None:
    outcome = measure(500, 2, _silently, [Aim.RESERVATION])
    assert outcome.struck[Aim.RESERVATION] == 500
    assert outcome.is_good, outcome.as_json()
