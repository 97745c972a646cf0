"""Power cuts in the middle of flash writes: it boots, loses no event it told of, and uses no number twice (I6)."""

import pytest

from anju.bench.power_cut import measure


def _silently(_line: str) -> None:
    pass


def test_a_hundred_cuts_lose_nothing() -> None:
    _suffer(100, seed=1)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_cuts_lose_nothing() -> None:
    _suffer(1000, seed=2)


def _suffer(cuts: int, seed: int) -> None:
    outcome = measure(cuts, seed, _silently)
    assert outcome.cuts == cuts
    assert all(struck > cuts // 4 for struck in outcome.struck.values()), outcome.as_json()
    assert outcome.events > cuts // 2, outcome.as_json()
    assert outcome.is_good, outcome.as_json()
