"""Residents who follow a script: press the button by the bed, come and go, arm and disarm. A seed repeats their day."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Range: TypeAlias = tuple[float, float]

_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class Habits:
    """Presses, visits and armings a second in the whole estate, and seconds, from and to, that things take."""

    presses_per_s: float
    visits_per_s: float
    armings_per_s: float
    hold_s: Range = (1.1, 1.3)
    door_open_s: Range = (0.3, 1.5)
    away_s: Range = (2.0, 6.0)
    rest_s: Range = (0.5, 1.0)
    """From the answer to a press until the same button is pressed again, at least."""


class Home(Protocol):
    """A flat, as its residents use it."""

    def press(self, level: int) -> None:
        """Push the button by the bed (1), or let it go (0)."""

    def door(self, level: int) -> None:
        """Open (1) or close (0) the front door."""

    async def panel(self, mode: str) -> None:
        """Set the panel to "away" or "off"."""

    async def answered(self) -> None:
        """Wait until the button says that somebody has the last press."""

    @property
    def button_noticed(self) -> asyncio.Event:
        """Set once the button has noticed the last press."""

    @property
    def door_noticed(self) -> asyncio.Event:
        """Set once the magnet has noticed the last move of the door."""


_Act: TypeAlias = Callable[[Home], Coroutine[Any, Any, None]]


class Residents:
    """Everybody who lives in the estate."""

    def __init__(self, homes: Sequence[Home], habits: Habits, chance: random.Random) -> None:
        self._homes = homes
        self._habits = habits
        self._chance = chance
        self._enough = asyncio.Event()

    def stop(self) -> None:
        """Begin nothing new. What was begun is finished: doors are closed, presses answered, flats disarmed."""
        self._enough.set()

    async def live(self) -> None:
        """Act until `stop`, and then until everything that was begun is finished."""
        habits = self._habits
        async with asyncio.TaskGroup() as group:
            group.create_task(self._now_and_then(habits.presses_per_s, self._press))
            group.create_task(self._now_and_then(habits.visits_per_s, self._visit))
            group.create_task(self._now_and_then(habits.armings_per_s, self._go_away))

    async def _now_and_then(self, per_s: float, act: _Act) -> None:
        """Let some home that is not at it already do this, `per_s` times a second."""
        busy: set[Home] = set()

        async def once(home: Home) -> None:
            busy.add(home)
            await act(home)
            busy.discard(home)

        due = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            while not self._enough.is_set():
                free = [home for home in self._homes if home not in busy]
                if not free:
                    await self._pause(_LOOK_AGAIN_S)
                    continue
                group.create_task(once(self._chance.choice(free)))
                due += self._chance.uniform(0.5, 1.5) / per_s
                await self._pause(due - asyncio.get_running_loop().time())

    async def _press(self, home: Home) -> None:
        # On a busy machine a node may sleep longer than a press lasts, and would take it for a bounce.
        home.press(1)
        await asyncio.sleep(self._chance.uniform(*self._habits.hold_s))
        await home.button_noticed.wait()
        home.press(0)
        await home.answered()
        await self._pause(self._chance.uniform(*self._habits.rest_s))

    async def _visit(self, home: Home) -> None:
        home.door(1)
        await asyncio.sleep(self._chance.uniform(*self._habits.door_open_s))
        await home.door_noticed.wait()
        home.door(0)
        await home.door_noticed.wait()
        await self._pause(self._chance.uniform(*self._habits.rest_s))

    async def _go_away(self, home: Home) -> None:
        await home.panel("away")
        await self._pause(self._chance.uniform(*self._habits.away_s))
        await home.panel("off")

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not longer than until `stop`; yields at least once, so that a late schedule does not hog the loop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._enough.wait(), max(seconds, 0.001))
