"""From a pin's edge on an emulated board to the guard's page and back to the lamp, with the real services between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from anju.emulator.ground import Boards
from anju.simulator.day import Day
from anju.simulator.estate import Estate, Plan
from anju.simulator.faults import Faults
from anju.simulator.feedback import Stage
from anju.simulator.guard import Reactions
from anju.simulator.residents import Habits

pytestmark = pytest.mark.anyio
ONCE = Habits(presses_per_s=1e-3, visits_per_s=1e-3, armings_per_s=1e-3, hold_s=(1.2, 1.2), door_open_s=(1, 1))
"""One press, one visit and one arming at the beginning, and no more."""
OFTEN = Habits(presses_per_s=1, visits_per_s=1, armings_per_s=1e-3, hold_s=(1.2, 1.2), door_open_s=(1, 1))
GUARD = Reactions(acknowledge=(1, 1), dispatch=(2, 2), close=(60, 60), reset=(60, 60))
PATIENCE_S = 60


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.01)


async def test_an_edge_becomes_an_alarm_and_the_guards_answer_a_light() -> None:
    async with Estate(Plan(flats=1, ground=Boards()), _unheard) as estate, Day(estate, ONCE, GUARD, 1) as day:
        button = estate.flats[0].button_node
        await day.background.until(_until(lambda: button.feedback.stage is Stage.COMING), PATIENCE_S)
        assert len(estate.record.timings.press_to_ack) == 1
        assert len(estate.record.timings.press_to_console) == 1
        assert len(estate.record.timings.acknowledge_to_light) == 1
        assert await day.finish(PATIENCE_S) == {}
        assert estate.account().balanced


async def test_four_boards_on_one_bus_that_loses_a_fifth_of_all_frames() -> None:
    """Every press and every opening arrives exactly once, and every button learns of it."""
    plan = Plan(flats=2, faults=Faults(loss=0.2, duplicate=0.1), seed=3, ground=Boards(flats_a_bus=2))
    async with Estate(plan, _unheard) as estate, Day(estate, OFTEN, None, 1) as day:
        await day.background.until(_until(lambda: estate.record.tally.events >= 12), PATIENCE_S)
        assert await day.finish(PATIENCE_S) == {}
        account = estate.account()
        assert account.balanced, (account.lost, account.doubled)
        assert estate.air.traffic.retransmitted


def _unheard(_household: str, _what: str) -> None:
    pass
