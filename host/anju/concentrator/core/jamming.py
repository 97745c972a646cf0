"""Whether a link is jammed: noise in 30 of any 60 seconds (EN 50131-5-3, 4.4). Pure."""

from __future__ import annotations

from collections import deque

JAMMED_S = 30
WITHIN_S = 60
CLEAR_S = 10
"""It is over when no more than so many of them were noisy: else it would come and go at the limit."""
FAULTS_A_SECOND = 3
"""So many broken frames in one second are noise; two may be a collision."""


class Jamming:
    """The noise on one link, second by second."""

    def __init__(self) -> None:
        self.is_jammed = False
        self._noisy: deque[int] = deque()
        """Seconds of the monotonic clock that were."""

    def second(self, now_s: int, faults: int) -> bool:
        """One second is over and brought so many faults; True if it changed what is the matter."""
        if faults >= FAULTS_A_SECOND:
            self._noisy.append(now_s)
        while self._noisy and self._noisy[0] <= now_s - WITHIN_S:
            self._noisy.popleft()
        was, noisy = self.is_jammed, len(self._noisy)
        self.is_jammed = noisy > CLEAR_S if was else noisy >= JAMMED_S
        return was != self.is_jammed
