"""kill -9 in the middle of a running estate with a bad radio: nothing that was acknowledged is missing, nothing is doubled."""

import itertools
from pathlib import Path

import pytest

from anju.concentrator.destinations.duty_room import NAME
from anju.concentrator.journal_audit import hashes, verify
from anju.dutyroom.store import held
from anju.ledger import journal_key
from anju.service.settings import Site
from anju.simulator.day import Day
from anju.simulator.estate import Estate, Plan
from anju.simulator.faults import Faults
from anju.simulator.profiles import LOAD_GUARD, load_habits
from crash.leftovers import left
from crash.points import EVERYTHING, POINTS, EstateCrashes

FLATS = 6
BAD_RADIO = Faults(loss=0.2, duplicate=0.05, reorder=0.05)
PATIENCE_S = 120.0


def tampered_with(site: Site) -> list[object]:
    """What the checks of both chains say, and of receipts against what the duty room holds, while all of it runs."""
    key = journal_key.load_public(site.folder / journal_key.PUBLIC)
    receipts = [held.Held(*row) for row in hashes(site.journal, NAME)]
    journalled = [held.Held(*row) for row in hashes(site.journal)]
    return [*verify(site.journal, key).faults, *held.verify(site.dutyroom_db, receipts, journalled).faults]


async def survive(kills: int, seed: int) -> None:
    """Kill so often, at one named point after the other, and let everything arrive in the end."""
    async with Estate(Plan(FLATS, BAD_RADIO, seed), lambda _household, _what: None) as estate:
        async with Day(estate, load_habits(FLATS), LOAD_GUARD, seed) as day:
            crashes = EstateCrashes(estate)
            for point in itertools.islice(itertools.cycle(POINTS), kills):
                await day.background.until(crashes.crash(point), PATIENCE_S)
            stuck = await day.finish(PATIENCE_S)
        account = estate.account()
        status = await estate.host.status()
        chains = tampered_with(estate.site)
    assert chains == []
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
