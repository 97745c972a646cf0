"""Freshness of downlink frames: which counters were not seen yet, over the last 32 (invariant I3)."""

WIDTH = 32
"""As wide as the concentrator's: what a link may reorder."""


class Window:
    """Counters of authentic frames; ask and take only after the tag has verified."""

    def __init__(self) -> None:
        self.is_open = False
        """False until a floor is known: since a boot nothing tells an old frame from a new one."""
        self._highest = 0
        self._seen = 0

    def open(self, floor: int) -> None:
        """Refuse `floor` and everything below it from now on."""
        self.is_open = True
        self._highest = floor
        self._seen = (1 << WIDTH) - 1

    def is_fresh(self, counter: int) -> bool:
        """Whether a frame with this counter can be a new one."""
        back = self._highest - counter
        if back < 0:
            return self.is_open
        return self.is_open and back < WIDTH and not self._seen >> back & 1

    def take(self, counter: int) -> None:
        """Remember a fresh counter."""
        ahead = counter - self._highest
        if ahead > 0:
            self._seen = (self._seen << ahead) & ((1 << WIDTH) - 1) if ahead < WIDTH else 0
            self._highest = counter
            self._seen |= 1
        else:
            self._seen |= 1 << -ahead
