"""What time it is, as far as a node can know: from the concentrator, and only from an answer that came at once."""

from anju.wire import table

FRESH_MS = 1000
"""An answer later than this after the *first* transmission may have been held back by someone: its time is not believed."""


class Clock:
    """Unix time out of the caller's milliseconds; unknown until adopted."""

    def __init__(self) -> None:
        self.is_known = False
        self._epoch_s = 0
        self._epoch_ms = 0

    def adopt(self, time_s: int, first_ms: int, now: int) -> bool:
        """Set the clock from the answer, at `now`, to a frame first sent at `first_ms`; whether it was believed."""
        if time_s == table.TIME_UNKNOWN or now - first_ms > FRESH_MS:
            return False
        self._epoch_s = time_s
        self._epoch_ms = now
        self.is_known = True
        return True

    def at(self, ms: int) -> int:
        """Unix seconds at a moment of the caller's milliseconds, past ones too; 0 = unknown."""
        if not self.is_known:
            return table.TIME_UNKNOWN
        return max(self._epoch_s + (ms - self._epoch_ms) // 1000, 1)
