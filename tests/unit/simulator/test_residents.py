"""Scripted residents keep up their rate, never press a button that still owes an answer, and leave everything closed."""

import asyncio
import random
import re
from collections import Counter

import pytest

from anju.simulator.flat import households
from anju.simulator.residents import Habits, Residents
from anju.uplink.fields import HOUSEHOLD_PATTERN

BRISK = Habits(
    presses_per_s=200,
    visits_per_s=100,
    armings_per_s=50,
    hold_s=(0.001, 0.002),
    door_open_s=(0.001, 0.004),
    away_s=(0.001, 0.01),
    rest_s=(0.001, 0.002),
)


class Street:
    """Counts what is done in all homes, and says when there have been enough presses."""

    def __init__(self, presses: int) -> None:
        self.done: Counter[str] = Counter()
        self.enough = asyncio.Event()
        self._presses = presses

    def count(self, what: str) -> None:
        self.done[what] += 1
        if self.done["press"] >= self._presses:
            self.enough.set()


class Home:
    """A flat whose button answers at once, or not before it is told to."""

    def __init__(self, street: Street, *, silent: bool = False) -> None:
        self.street = street
        self.silent = silent
        self.button = self.door_level = self.presses = 0
        self.mode = "off"
        self.moved = False
        self.answer = asyncio.Event()
        self.answer.set()
        self.button_noticed, self.door_noticed = asyncio.Event(), asyncio.Event()

    def press(self, level: int) -> None:
        assert level != self.button
        assert level or self.button_noticed.is_set(), "let go before it was noticed"
        self.button_noticed.clear()
        self.button = level
        if level:
            asyncio.get_running_loop().call_later(0.004, self.button_noticed.set)
            assert self.answer.is_set(), "pressed while the last press had no answer"
            self.presses += 1
            self.street.count("press")
            if self.silent:
                self.answer.clear()

    def door(self, level: int) -> None:
        assert level != self.door_level
        assert self.door_noticed.is_set() or not self.moved, "moved before the last move was noticed"
        self.moved = True
        self.door_noticed.clear()
        asyncio.get_running_loop().call_later(0.004, self.door_noticed.set)
        self.door_level = level
        self.street.count("door")

    async def panel(self, mode: str) -> None:
        assert mode != self.mode
        self.mode = mode
        self.street.count(mode)

    async def answered(self) -> None:
        await self.answer.wait()


async def lived(street: Street, homes: list[Home]) -> None:
    """Let residents act until there were enough presses, and come to rest."""
    residents = Residents(homes, BRISK, random.Random(1))
    async with asyncio.TaskGroup() as group:
        group.create_task(residents.live())
        await street.enough.wait()
        residents.stop()
        for home in homes:
            home.answer.set()


@pytest.mark.anyio
async def test_everything_happens_and_is_finished() -> None:
    street = Street(100)
    homes = [Home(street) for _ in range(12)]
    await lived(street, homes)
    assert min(street.done[what] for what in ("press", "door", "away")) > 10
    assert street.done["away"] == street.done["off"]
    assert not any(home.button or home.door_level for home in homes)


@pytest.mark.anyio
async def test_one_flat_alone_goes_on_pressing() -> None:
    street = Street(50)
    home = Home(street)
    await lived(street, [home])
    assert home.presses >= 50


@pytest.mark.anyio
async def test_a_button_without_an_answer_is_pressed_once() -> None:
    street = Street(60)
    silent = Home(street, silent=True)
    await lived(street, [silent, *(Home(street) for _ in range(3))])
    assert silent.presses == 1


def test_households_have_names_of_their_own() -> None:
    names = households("3", 400)
    assert len(set(names)) == 400
    assert all(re.fullmatch(HOUSEHOLD_PATTERN, name) for name in names)
