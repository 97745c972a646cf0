"""The number of the next frame: never twice under one key, whatever happens to the power (invariant I6).

Storage holds only a *ceiling*: every number below it may have been used. A cold boot therefore starts at the ceiling, and a
higher one is written and read back before the first number is given out. Between two writes lie at least 768 frames.
"""

from anju.node.identity import StoreError

try:
    from typing import Callable
except ImportError:  # MicroPython
    pass

BLOCK = 1024
"""Numbers reserved by one write: 1,500 frames and 10 cold boots a day cost about 12 writes."""

EARLY = BLOCK // 4
"""With so few left the next block is reserved, so that a store which fails once may fail again before anything stops."""

MOST = 0xFFFFFFFF
"""The counter field of a header is 32 bits wide; past it the node needs new keys."""


class Counter:
    """Gives out frame numbers below a ceiling that the store has confirmed."""

    def __init__(self, ceiling: int, reserve: "Callable[[int], None]", next_number: int = 0) -> None:
        """Start at `ceiling` as loaded, or at a `next_number` below it by `anju.node.retained`, which alone may know of one.

        `reserve(ceiling)` writes, reads back, and raises StoreError if it can't.
        """
        self.next = next_number or max(
            ceiling, 1
        )  # 0 is what a concentrator has heard from a node that was never heard
        self.ceiling = ceiling
        self._reserve = reserve

    def take(self) -> int:
        """The next number; StoreError if none is reserved, and then nothing may be sent."""
        if self.ceiling - self.next <= EARLY:
            self._reserve_block()
        number = self.next
        self.next = number + 1
        return number

    def _reserve_block(self) -> None:
        higher = self.ceiling + BLOCK
        try:
            if higher > MOST:
                raise StoreError("all frame numbers of these keys are used: enrol the node again")
            self._reserve(higher)
        except StoreError:
            if self.next >= self.ceiling:
                raise
        else:
            self.ceiling = higher
