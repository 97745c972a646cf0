"""A demo that makes no sense is refused before anything is started."""

import math

import pytest

from anju.simulator.demo import DemoOptions, OptionsError
from anju.simulator.profiles import load_habits


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"flats": 0}, "flats"),
        ({"flats": 401}, "flats"),
        ({"loss": 0.95}, "loss"),
        ({"duplicate": -0.1}, "duplicate"),
        ({"reorder": math.nan}, "reorder"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": math.nan}, "seconds"),
        ({"port": 65536}, "port"),
    ],
)
def test_nonsense_is_refused_by_name(wrong: dict[str, float], named: str) -> None:
    with pytest.raises(OptionsError, match=named):
        DemoOptions(**wrong)  # type: ignore[arg-type]  # one wrong value at a time


@pytest.mark.parametrize("flats", [1, 12, 64, 400])
def test_a_headless_run_presses_at_least_twice_a_second(flats: int) -> None:
    assert load_habits(flats).presses_per_s >= 3
