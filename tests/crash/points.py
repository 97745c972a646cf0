"""Crash points with names: where a press is on its way when a process is killed, and which process that is.

They are chosen from outside: the air sees frames pass, the pins and the page show the rest. So each point is a moment of
the real road, not a hook in the code under test; where exactly within a service the kill strikes is chance, and repeated.
"""

from __future__ import annotations

from anju.simulator.air import Direction
from anju.simulator.crashes import CONCENTRATOR, DUTY_ROOM, IN_THE_AIR, PAGE, Crashes, Point
from anju.simulator.estate import Estate
from anju.simulator.host import RUN, SERVICES
from anju.simulator.recorder import Moment

EVERYTHING = (RUN, *SERVICES)

POINTS = (
    *IN_THE_AIR,
    Point("an alarm is on the page, its receipt perhaps not sent", Moment.SHOWN, (DUTY_ROOM,)),
    Point("everything at once, as an acknowledgement leaves", Direction.DOWN, EVERYTHING, swallow=True),
    Point("the guard clicks", Moment.CLICKING, (DUTY_ROOM, CONCENTRATOR)),
    Point("the guard clicks, and the page dies of it", Moment.CLICKING, (PAGE,)),
    Point("the supervisor alone, as a button is pressed", Moment.PRESSED, (RUN,)),
    Point("everything at once, as the node makes an event", Moment.MADE, EVERYTHING),
    Point("the light is lit, its confirmation perhaps on the way", Moment.LIT, (CONCENTRATOR,)),
)


class EstateCrashes:
    """Kills at named points in a running estate."""

    def __init__(self, estate: Estate) -> None:
        self._host = estate.host
        self._crashes = crashes = Crashes(estate.host.pids, estate.host.kill)
        estate.air.tap = lambda way, _frame: crashes.reach(way)
        estate.record.on_moment = crashes.reach

    async def crash(self, point: Point) -> None:
        """Kill at the next moment of this kind, and wait until the services are up again."""
        await self._crashes.strike(point)
        await self._host.up_again()
