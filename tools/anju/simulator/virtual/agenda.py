"""Virtual time: what is to happen, and when. Nothing passes but what is written down here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from itertools import count

Call = Callable[[], Awaitable[None] | None]


class Agenda:
    """`now_s` counts from the beginning of the day, whatever any clock says."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._heap: list[tuple[float, int, Call]] = []
        self._number = count()
        """What is due at the same time happens in the order in which it was written down."""

    def at(self, at_s: float, call: Call) -> None:
        """Write something down; what is past happens next."""
        heappush(self._heap, (at_s, next(self._number), call))

    def after(self, pause_s: float, call: Call) -> None:
        """The same, so long from now."""
        self.at(self.now_s + pause_s, call)

    async def run(self, until_s: float) -> None:
        """Let everything happen that is due until then."""
        while self._heap and self._heap[0][0] <= until_s:
            at_s, _number, call = heappop(self._heap)
            self.now_s = max(self.now_s, at_s)
            waiting = call()
            if waiting is not None:
                await waiting
        self.now_s = until_s
