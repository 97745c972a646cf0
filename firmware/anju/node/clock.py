"""What time it is, as far as a node can know: from the concentrator, and only from an answer that came at once."""

from anju.wire import table

FRESH_MS = 1000
"""An answer later than this after the *first* transmission may have been held back by someone: its time is not believed."""


class Clock:
    """Unix time out of the caller's milliseconds; unknown until adopted."""

    def __init__(self) -> None:
        self.is_known = False
        self.epoch_s = 0
        """It was so late at `epoch_ms`."""
        self.epoch_ms = 0

    def adopt(self, time_s: int, first_ms: int, now: int) -> bool:
        """Set the clock from the answer, at `now`, to a frame first sent at `first_ms`; whether it was believed."""
        if time_s == table.TIME_UNKNOWN or now - first_ms > FRESH_MS:
            return False
        self.set(time_s, now)
        return True

    def set(self, time_s: int, ms: int) -> None:
        """It was `time_s` at this moment of the caller's milliseconds."""
        self.epoch_s = time_s
        self.epoch_ms = ms
        self.is_known = True

    def at(self, ms: int) -> int:
        """Unix seconds at a moment of the caller's milliseconds, past ones too; 0 = unknown."""
        if not self.is_known:
            return table.TIME_UNKNOWN
        return max(self.epoch_s + (ms - self.epoch_ms) // 1000, 1)

    def age_s(self, now: int) -> int:
        """Seconds since the time was certain; TIME_AGE_UNKNOWN if it never was, or for longer than can be told."""
        if not self.is_known:
            return table.TIME_AGE_UNKNOWN
        return min((now - self.epoch_ms) // 1000, table.TIME_AGE_UNKNOWN)
