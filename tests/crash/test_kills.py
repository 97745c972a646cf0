"""kill -9 in the middle of a running estate with a bad radio: nothing that was acknowledged is missing, nothing is doubled."""

import itertools
from pathlib import Path

import pytest

from anju.simulator.day import Day
from anju.simulator.estate import Estate, Plan
from anju.simulator.faults import Faults
from anju.simulator.profiles import LOAD_GUARD, load_habits
from crash.leftovers import left
from crash.points import EVERYTHING, POINTS, Crashes

FLATS = 6
BAD_RADIO = Faults(loss=0.2, duplicate=0.05, reorder=0.05)
PATIENCE_S = 120.0


async def survive(kills: int, seed: int) -> None:
    """Kill so often, at one named point after the other, and let everything arrive in the end."""
    async with Estate(Plan(FLATS, BAD_RADIO, seed), lambda _household, _what: None) as estate:
        async with Day(estate, load_habits(FLATS), LOAD_GUARD, seed) as day:
            crashes = Crashes(estate)
            for point in itertools.islice(itertools.cycle(POINTS), kills):
                await day.background.until(crashes.crash(point), PATIENCE_S)
            stuck = await day.finish(PATIENCE_S)
        account = estate.account()
        status = await estate.host.status()
    assert account.lost == ()
    assert account.doubled == ()
    assert stuck == {}
    assert status["events"] == estate.record.tally.events == account.held
    assert estate.record.presses >= kills


@pytest.mark.anyio
async def test_ten_kills_lose_nothing_and_double_nothing(temporary: Path) -> None:
    await survive(10, seed=1)
    assert left(temporary) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.anyio
async def test_a_hundred_kills_lose_nothing_and_double_nothing(temporary: Path) -> None:
    await survive(100, seed=2)
    assert left(temporary) == []


def test_each_process_dies_somewhere_and_all_of_them_together() -> None:
    assert {victim for point in POINTS for victim in point.victims} == set(EVERYTHING)
    assert any(point.victims == EVERYTHING for point in POINTS)
    assert len({point.name for point in POINTS}) == len(POINTS)
