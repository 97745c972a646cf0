"""Freshness of downlink frames: which counters were not seen yet, over the last 32 (invariant I3)."""

WIDTH = 32
"""As wide as the concentrator's: what a link may reorder."""


class Window:
    """Counters of authentic frames; ask and take only after the tag has verified."""

    def __init__(self) -> None:
        self.is_open = False
        """False until a floor is known: since a boot nothing tells an old frame from a new one."""
        self.highest = 0
        self.seen = 0

    def open(self, floor: int, seen: int = (1 << WIDTH) - 1) -> None:
        """Refuse `floor` and everything below it from now on; or, after a sleep, what had been `seen` (bit n = `floor` - n)."""
        self.is_open = True
        self.highest = floor
        self.seen = seen

    def is_fresh(self, counter: int) -> bool:
        """Whether a frame with this counter can be a new one."""
        back = self.highest - counter
        if back < 0:
            return self.is_open
        return self.is_open and back < WIDTH and not self.seen >> back & 1

    def take(self, counter: int) -> None:
        """Remember a fresh counter."""
        ahead = counter - self.highest
        if ahead > 0:
            self.seen = (self.seen << ahead) & ((1 << WIDTH) - 1) if ahead < WIDTH else 0
            self.highest = counter
            self.seen |= 1
        else:
            self.seen |= 1 << -ahead
