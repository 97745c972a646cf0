"""Two machines that speak as one: a concentrator has one start at a time, and an older one that comes back is another machine."""

from __future__ import annotations

from collections import deque

REMEMBERED = 16
"""Starts of a concentrator that are told apart; one that was started more often since is not known for old."""
RETURNS = 3
"""A request that was on its way while the concentrator was started anew may come late: there and back again are two."""


class Presence:
    """Which start of which concentrator was heard last."""

    def __init__(self) -> None:
        self._starts: dict[str, deque[str]] = {}
        self._returned: dict[str, int] = {}

    def are_two(self, concentrator: str, instance: str) -> bool:
        """Note that a start of a concentrator was heard; whether it alternates with another one."""
        starts = self._starts.setdefault(concentrator, deque(maxlen=REMEMBERED))
        if starts and starts[-1] == instance:
            return False
        has_returned = instance in starts
        if has_returned:
            starts.remove(instance)
        starts.append(instance)
        self._returned[concentrator] = self._returned.get(concentrator, 0) + 1 if has_returned else 0
        return self._returned[concentrator] >= RETURNS
