"""Crash points with names: where a press is on its way when a process is killed, and which process that is.

They are chosen from outside: the air sees frames pass, the pins and the page show the rest. So each point is a moment of
the real road, not a hook in the code under test; where exactly within a service the kill strikes is chance, and repeated.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from anju.simulator.air import Direction
from anju.simulator.estate import Estate
from anju.simulator.host import RUN, SERVICES
from anju.simulator.recorder import Moment

CONCENTRATOR, DUTY_ROOM, PAGE = SERVICES
EVERYTHING = (RUN, *SERVICES)


class Point(NamedTuple):
    """A moment, and who dies then; with `swallow` the datagram that marks the moment is lost as well."""

    name: str
    moment: Moment | Direction
    victims: tuple[str, ...]
    swallow: bool = False


POINTS = (
    Point("an acknowledgement leaves: what it names must be on the disk", Direction.DOWN, (CONCENTRATOR,)),
    Point("a frame has reached the concentrator", Direction.UP, (CONCENTRATOR,)),
    Point("an alarm is on the page, its receipt perhaps not sent", Moment.SHOWN, (DUTY_ROOM,)),
    Point("everything at once, as an acknowledgement leaves", Direction.DOWN, EVERYTHING, swallow=True),
    Point("an acknowledgement leaves and is lost", Direction.DOWN, (CONCENTRATOR,), swallow=True),
    Point("the guard clicks", Moment.CLICKING, (DUTY_ROOM, CONCENTRATOR)),
    Point("the guard clicks, and the page dies of it", Moment.CLICKING, (PAGE,)),
    Point("the supervisor alone, as a button is pressed", Moment.PRESSED, (RUN,)),
    Point("an acknowledgement leaves, its report perhaps not delivered", Direction.DOWN, (DUTY_ROOM,)),
    Point("everything at once, as the node makes an event", Moment.MADE, EVERYTHING),
    Point("the light is lit, its confirmation perhaps on the way", Moment.LIT, (CONCENTRATOR,)),
)


class Crashes:
    """Kills at named points in a running estate."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._armed: Point | None = None
        self._struck = asyncio.Event()
        estate.air.tap = self._pass
        estate.record.on_moment = self._reach

    async def crash(self, point: Point) -> None:
        """Kill at the next moment of this kind, and wait until the services are up again."""
        self._struck.clear()
        self._armed = point
        await self._struck.wait()
        await self._estate.host.up_again()

    def _pass(self, way: Direction, _frame: bytes) -> bool:
        point = self._armed
        return not (self._reach(way) and point is not None and point.swallow)

    def _reach(self, moment: Moment | Direction) -> bool:
        """Whether this is the moment that was waited for, and the victims were there to die."""
        point = self._armed
        host = self._estate.host
        if point is None or point.moment is not moment or not set(point.victims) <= host.pids().keys():
            return False
        for victim in point.victims:
            host.kill(victim)
        self._armed = None
        self._struck.set()
        return True
