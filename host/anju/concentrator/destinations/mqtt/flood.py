"""How much of a kind may come by MQTT: a bucket that fills by time. What is too much is not even looked at."""

from __future__ import annotations


class Bucket:
    """At most `most` at once, and `a_second` on the long run."""

    def __init__(self, most: int, a_second: float) -> None:
        self._most = most
        self._a_second = a_second
        self._left = float(most)
        self._at_s: float | None = None

    def takes(self, now_s: float) -> bool:
        """Whether one more may come, by the monotonic clock."""
        passed_s = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._left = min(self._most, self._left + passed_s * self._a_second)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
