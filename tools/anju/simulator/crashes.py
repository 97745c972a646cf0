"""kill -9 at a moment with a name: somebody outside sees that it has come, and kills whoever is to die then.

So each moment is one of the real road, not a hook in the code under test; where exactly within a service the kill strikes is
chance, and repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from enum import Enum
from typing import NamedTuple

from anju.simulator.air import Direction
from anju.simulator.host import SERVICES

CONCENTRATOR, DUTY_ROOM, PAGE = SERVICES


class Point(NamedTuple):
    """A moment, and who dies then; with `swallow` what marks the moment is lost as well."""

    name: str
    moment: Enum
    victims: tuple[str, ...]
    swallow: bool = False


IN_THE_AIR = (
    Point("an acknowledgement leaves: what it names must be on the disk", Direction.DOWN, (CONCENTRATOR,)),
    Point("a frame has reached the concentrator", Direction.UP, (CONCENTRATOR,)),
    Point("an acknowledgement leaves and is lost", Direction.DOWN, (CONCENTRATOR,), swallow=True),
    Point("an acknowledgement leaves, its report perhaps not delivered", Direction.DOWN, (DUTY_ROOM,)),
)
"""Those that frames mark."""


class Crashes:
    """Kills at named points, one after the other."""

    def __init__(self, there: Callable[[], Collection[str]], kill: Callable[[str], object]) -> None:
        """`there`: who could be killed now; `kill`: -9."""
        self._there = there
        self._kill = kill
        self._armed: Point | None = None
        self._struck = asyncio.Event()

    async def strike(self, point: Point) -> None:
        """Kill at the next moment of this kind at which all its victims are there; returns once they are dead."""
        self._struck.clear()
        self._armed = point
        try:
            await self._struck.wait()
        finally:
            self._armed = None

    def reach(self, moment: Enum) -> bool:
        """A moment has come: whether what marks it goes on."""
        point = self._armed
        if point is None or point.moment is not moment or not set(point.victims) <= set(self._there()):
            return True
        self._armed = None
        for victim in point.victims:
            self._kill(victim)
        self._struck.set()
        return not point.swallow
