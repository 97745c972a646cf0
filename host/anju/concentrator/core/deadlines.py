"""When time alone changes something next, of many panels: a heap, in which a panel's newest deadline is the one that counts."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count


class Deadlines:
    """By household, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._number = count()
        """Tells a household's newest entry in the heap from those that count no more."""

    def set(self, household: str, due_s: float | None) -> None:
        """A household's next one; None: there is none."""
        known = self._of.get(household)
        if known and known[0] == due_s:
            return
        if due_s is None:
            self._of.pop(household, None)
        else:
            entry = (due_s, next(self._number))
            self._of[household] = entry
            heappush(self._heap, (*entry, household))

    def of(self, household: str) -> float | None:
        """A household's next one, if there is one."""
        known = self._of.get(household)
        return known[0] if known else None

    @property
    def next_s(self) -> float | None:
        """The next of all; None: there is none."""
        while self._heap and self._of.get(self._heap[0][2]) != self._heap[0][:2]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now_s: float, most: int) -> list[str]:
        """Households whose deadline has come, the earliest first. They stay due until `set` says something else."""
        found: list[tuple[float, int, str]] = []
        while len(found) < most and (next_s := self.next_s) is not None and next_s <= now_s:
            found.append(heappop(self._heap))
        for one in found:
            heappush(self._heap, one)
        return [household for *_, household in found]
