"""kill -9 of every service: at points with a name, and at any time at all."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from anju.bench.faults.estate import Estate, Pc
from anju.bench.faults.services import Service, until
from anju.bench.faults.wire import Passing
from anju.simulator.air import Direction
from anju.simulator.crashes import CONCENTRATOR, DUTY_ROOM, IN_THE_AIR, PAGE, Crashes, Point

ANY_TIME = "at any time"
EVERYTHING = (CONCENTRATOR, DUTY_ROOM, PAGE)
POINTS = (
    *IN_THE_AIR,
    Point("everything at once, as an acknowledgement leaves", Direction.DOWN, EVERYTHING, swallow=True),
    Point("the page, as a frame arrives", Direction.UP, (PAGE,)),
    Point("reports go up to another PC, which does not take them", Passing.REQUEST, (DUTY_ROOM,)),
    Point("reports go up to another PC, and who sent them dies", Passing.REQUEST, (CONCENTRATOR,)),
    Point("a receipt comes down from another PC, and nobody takes it", Passing.ANSWER, (CONCENTRATOR,)),
    Point("a receipt comes down from another PC, and who wrote it dies", Passing.ANSWER, (DUTY_ROOM,)),
)
_OFTEN = (CONCENTRATOR, CONCENTRATOR, DUTY_ROOM, DUTY_ROOM, PAGE)
"""Whom a kill at any time befalls."""
_WITHIN_S = 1.0
_NO_POINT_S = 15.0
"""Where a point does not come because its traffic has ended, the kill comes without it."""


class Strike(NamedTuple):
    """One kill, of one process or of several at once."""

    point: Point | None
    victims: tuple[str, ...]
    far: bool
    """Which building it is about."""
    after_s: float


def planned(kills: int, chance: random.Random) -> Iterator[Strike]:
    """So many kills, each process counted: half of the strikes at points in turn, half at any time."""
    points: list[Point] = []
    while kills:
        if not points:
            points = chance.sample(POINTS, len(POINTS))
        point = points.pop()
        far = isinstance(point.moment, Passing) or chance.random() < 0.5
        if len(point.victims) <= kills:
            kills -= len(point.victims)
            yield Strike(point, point.victims, far, 0.0)
        if kills:
            kills -= 1
            yield Strike(None, (chance.choice(_OFTEN),), chance.random() < 0.5, chance.uniform(0, _WITHIN_S))


class Killer:
    """Carries strikes out, several at once but one at a time for each building; `times` says what came of them."""

    def __init__(self, estate: Estate) -> None:
        self.times: Counter[str] = Counter()
        self.kills = 0
        self._estate = estate
        self._sides = {pc.building: _Side(estate, pc, self._kill) for pc in estate.pcs}
        estate.wire.tap = self._sides[estate.far.building].crashes.reach

    async def strike(self, strike: Strike) -> None:
        """Until the victims are dead."""
        side = self._sides[(self._estate.far if strike.far else self._estate.near).building]
        async with side.turn:
            if strike.point is not None:
                try:
                    await asyncio.wait_for(side.crashes.strike(strike.point), _NO_POINT_S)
                except TimeoutError:
                    strike = strike._replace(point=None)
            if strike.point is None:
                await asyncio.sleep(strike.after_s)
                for victim in strike.victims:
                    await until(partial(self._kill, side.service(victim)))
        self.times["killed: " + (strike.point.name if strike.point else ANY_TIME)] += 1

    def _kill(self, service: Service) -> bool:
        killed = service.kill()
        self.kills += killed
        return killed


class _Side:
    """Whom kills can befall that are about one building: its concentrator, and what both share."""

    def __init__(self, estate: Estate, pc: Pc, kill: Callable[[Service], bool]) -> None:
        self._shared, self._pc = estate.near.services, pc
        self.turn = asyncio.Lock()
        self.crashes = Crashes(self.there, lambda victim: kill(self.service(victim)))
        pc.air.tap = lambda way, _frame: self.crashes.reach(way)

    def service(self, name: str) -> Service:
        return self._pc.services.get(name) or self._shared[name]

    def there(self) -> set[str]:
        return {name for name in EVERYTHING if self.service(name).pid is not None}
