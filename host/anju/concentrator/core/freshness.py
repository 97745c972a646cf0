"""Whether a frame was seen before: a window over the last 32 counters of one node under one key epoch.

A counter inside the window is remembered with the start of its frame's tag, which tells an honest retry (same bytes)
from a second device under the same identity (other bytes). The window moves only for authenticated frames and is
committed together with what they caused (invariant I3).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

WIDTH = 32
"""A node runs at most 16 counters beyond its oldest unacknowledged event (protocol.md, Replay); twice that."""

_MARK_BYTES = 8
_NO_MARK = bytes(_MARK_BYTES)


class Freshness(StrEnum):
    """What a counter and the frame that carried it mean to the receiver."""

    FRESH = "fresh"
    DUPLICATE = "duplicate"
    REPLAY = "replay"
    CLONE = "clone"


class Window(NamedTuple):
    """The counters accepted so far: the highest, and a ring with one mark per counter of the last `WIDTH`."""

    highest: int = 0
    marks: bytes = bytes(WIDTH * _MARK_BYTES)

    def judge(self, counter: int, tag: bytes) -> Freshness:
        """What a frame with this counter and authentication tag is."""
        if counter > self.highest:
            return Freshness.FRESH
        if counter <= self.highest - WIDTH or counter == 0:
            return Freshness.REPLAY
        mark = self.marks[_slot(counter)]
        if mark == _NO_MARK:
            return Freshness.FRESH
        return Freshness.DUPLICATE if mark == tag[:_MARK_BYTES] else Freshness.CLONE

    def accept(self, counter: int, tag: bytes) -> Window:
        """The window after a fresh frame."""
        marks = bytearray(self.marks)
        for skipped in range(max(self.highest + 1, counter - WIDTH + 1), counter):
            marks[_slot(skipped)] = _NO_MARK
        marks[_slot(counter)] = tag[:_MARK_BYTES]
        return Window(max(counter, self.highest), bytes(marks))


def _slot(counter: int) -> slice:
    start = counter % WIDTH * _MARK_BYTES
    return slice(start, start + _MARK_BYTES)
