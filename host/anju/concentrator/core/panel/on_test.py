"""A household's TEST: what its zones do is tried and not raised. A person begins it, and it ends by itself.

It ends when either clock says that its time is over, whichever is first: a clock that is set back makes it no longer. The
monotonic clock goes on over a restart of the service; over one of the machine it does not, and then TEST is over. What was is
told by node clocks, which may be SURE_AFTER_MS behind: at both ends of a TEST that much is left out.
"""

from __future__ import annotations

from typing import NamedTuple

from anju.concentrator.core.moment import Moment

LEAST_S, USUAL_S, MOST_S = 60, 30 * 60, 8 * 3600
SURE_AFTER_MS = 3000
"""A node takes whole seconds from an answer that may be 1 s old, and tells whole seconds."""


class OnTest(NamedTuple):
    """A TEST that somebody has begun."""

    since: Moment
    lasts_s: int
    person: str
    from_ms: int
    """When it began, in Unix ms, however often it was begun anew."""

    @property
    def until_ms(self) -> int:
        """When it ends, in Unix ms."""
        return self.since.wall_ms + self.lasts_s * 1000

    @property
    def due_s(self) -> float:
        """When it ends by the monotonic clock."""
        return self.since.monotonic_s + self.lasts_s

    def after_boot(self, now: Moment) -> OnTest:
        """The same once the machine, and its monotonic clock with it, has started anew: it has ended, and that is due now."""
        return self._replace(since=self.since._replace(monotonic_s=now.monotonic_s - self.lasts_s))

    def left_s(self, now: Moment) -> float:
        """How much longer it lasts; 0 once it is over."""
        if now.boot != self.since.boot:
            return 0.0
        passed_s = (now.wall_ms - self.since.wall_ms) / 1000
        return max(0.0, min(self.lasts_s - passed_s, self.due_s - now.monotonic_s))

    def span(self, now: Moment) -> tuple[int, int]:
        """From when to when it was on, in Unix ms, as far as both clocks agree that it was: what is doubtful was meant."""
        passed_ms = int((now.monotonic_s - self.since.monotonic_s) * 1000) if now.boot == self.since.boot else 0
        passed_ms = min(passed_ms, now.wall_ms - self.since.wall_ms, self.lasts_s * 1000)
        return self.from_ms, self.since.wall_ms + passed_ms - SURE_AFTER_MS
