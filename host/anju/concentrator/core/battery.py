"""A node's battery: whether it is low, and for how many days it may last. Pure.

The forecast is a straight line through at most KEPT days. Cells that hold their voltage to the end (lithium thionyl chloride)
cannot be foretold so, and there the threshold alone speaks.
"""

from __future__ import annotations

import struct
from statistics import StatisticsError, linear_regression
from typing import NamedTuple, Self

from anju.concentrator.core.node_kinds import Battery

STEP_MV = 20
"""Of `battery_20mv` on the wire."""
KEPT = 16
LEAST_DAYS = 7
"""Fewer days say more of the weather than of the cell."""
MOST_DAYS = 3650
DAY_MS = 86_400_000
_POINT = struct.Struct(">HB")


class Day(NamedTuple):
    """What a battery read last on one day since 1970, in 20 mV."""

    day: int
    level: int


class History(NamedTuple):
    """What is remembered of one battery; the older the days, the fewer of them."""

    days: tuple[Day, ...] = ()
    is_low: bool = False

    @property
    def mv(self) -> int | None:
        """What it read last, in millivolts."""
        return self.days[-1].level * STEP_MV if self.days else None

    def read(self, level: int, now_ms: int, battery: Battery) -> Self:
        """After a frame that says so; 0 says nothing. A clock that was set back changes the last day, and adds none."""
        if not level:
            return self
        mv = level * STEP_MV
        is_low = mv < battery.restored_mv if self.is_low else mv <= battery.low_mv
        day = max(now_ms // DAY_MS, self.days[-1].day if self.days else 0)
        before = self.days[:-1] if self.days and self.days[-1].day == day else self.days
        if self.days and mv >= battery.restored_mv and mv - (self.mv or 0) > battery.restored_mv - battery.low_mv:
            before = ()  # a new battery
        return self._replace(days=_thinned((*before, Day(day, level))), is_low=is_low)

    def days_left(self, battery: Battery) -> int | None:
        """For how many days it will last if it goes on like this; None: that cannot be told."""
        if not self.days or self.days[-1].day - self.days[0].day < LEAST_DAYS:
            return None
        try:
            slope, start = linear_regression([day for day, _ in self.days], [level * STEP_MV for _, level in self.days])
        except StatisticsError:
            return None
        if slope >= 0:
            return None
        left = (battery.empty_mv - start) / slope - self.days[-1].day
        return min(max(round(left), 0), MOST_DAYS)

    def pack(self) -> bytes:
        """The stored form."""
        return bytes([self.is_low]) + b"".join(_POINT.pack(*day) for day in self.days) if self.days else b""

    @classmethod
    def unpack(cls, stored: bytes) -> Self:
        """A stored one."""
        if not stored:
            return cls()
        return cls(tuple(Day(*point) for point in _POINT.iter_unpack(stored[1:])), bool(stored[0]))


def _thinned(days: tuple[Day, ...]) -> tuple[Day, ...]:
    """Every other day of the older half goes, so that the first is always remembered."""
    if len(days) <= KEPT:
        return days
    return days[: KEPT // 2 : 2] + days[KEPT // 2 :]
