"""A span of time that began at a moment, told by the clock that does not step.

A step of the wall clock neither ends a timer nor makes it longer. Over a restart of the service the monotonic clock goes on;
over one of the machine it does not, and then the wall clock says what has passed, as far as that is possible at all.
"""

from __future__ import annotations

from typing import NamedTuple

from anju.concentrator.core.moment import Moment


class Timer(NamedTuple):
    """Runs from `since` for `lasts_s`."""

    since: Moment
    lasts_s: float

    @property
    def due_s(self) -> float:
        """When it is over, in seconds of the monotonic clock."""
        return self.since.monotonic_s + self.lasts_s

    @property
    def due_at(self) -> Moment:
        """When it is over, by both clocks, as far as the wall clock does not step before."""
        return later(self.since, self.lasts_s)

    def is_over(self, now: Moment) -> bool:
        """Whether its time has come."""
        return now.monotonic_s >= self.due_s

    def left_s(self, now: Moment) -> float:
        """How much longer it runs; 0 once it is over."""
        return max(0.0, self.due_s - now.monotonic_s)

    def after_boot(self, now: Moment) -> Timer:
        """The same timer once the machine, and its monotonic clock with it, has started anew: never longer than it was."""
        passed_s = min(max((now.wall_ms - self.since.wall_ms) / 1000, 0.0), self.lasts_s)
        return self._replace(since=Moment(self.since.wall_ms, now.monotonic_s - passed_s, now.boot))


def later(moment: Moment, by_s: float) -> Moment:
    """The moment so much later, or earlier."""
    return Moment(moment.wall_ms + round(by_s * 1000), moment.monotonic_s + by_s, moment.boot)
