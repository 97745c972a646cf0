"""A hold-up button: which presses are meant. A touch in passing is no alarm, and nobody in need is asked for more than this.

    hold           HOLD_MS long, or STABS presses that begin within STABS_MS of one another: who panics stabs
    any press      whatever has settled, for who can do neither

A press that wakes the node counts for two of three, for presses while it starts can't be seen; and for none that was held.

A press begins when the contact first moves: while a trembling hand holds it, nothing between begins it anew. Still pressed
HELD_MS after that, it says HELD as well, once for each press that has said PANIC: nobody does that by mistake or for a test.
"""

from micropython import const

from anju.node.input import Input
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HOLD_MS = 1000
STABS_MS = 2000
STABS = const(3)
HELD_MS = 3000


class Press(Input):
    """One button."""

    def __init__(self, kind: str, *how: "Any") -> None:
        """`how` is that of an `Input`."""
        super().__init__(kind, *how)
        self.is_silent = kind.startswith("silent")
        self._stabs = STABS if "hold" in kind else 1
        """Presses that are PANIC at once."""
        self._began: "list[int]" = []
        """When presses began, the newest last, that have said nothing."""
        self._due_ms = -1
        """When this press says PANIC, or HELD if it has said that, if it goes on; -1 = it has said all, or there is none."""

    def poll(self, now: int) -> int:
        """Code of what happened by `now`, or NONE."""
        began = self._began
        if 0 <= self._due_ms <= (now if self._moved_ms < 0 else self._moved_ms):
            return self._say()
        if began and self._moved_ms < 0 and now > began[0] + STABS_MS:
            del began[0]
        return super().poll(now)

    def deadline(self) -> "int | None":
        """When to poll next if nothing moves; None = there is nothing to tell, whatever is pressed next."""
        due = self._due_ms
        if self._moved_ms >= 0:
            due = due if due <= self._moved_ms else -1
        elif due < 0 and self._began:
            due = self._began[0] + STABS_MS + 1
        return super().deadline() if due < 0 else due

    def _become(self, is_active: bool, now: int) -> int:
        if is_active == self.is_active:
            return table.Code.NONE
        self.is_active = is_active
        self._due_ms = self.rising_ms = -1
        if not is_active:
            return table.Code.NONE
        start = self._unrest_ms
        self._began = [began for began in self._began + self._struck if start - began <= STABS_MS] + [start]
        if len(self._began) >= self._stabs:
            return self._say()
        self._due_ms = start + HOLD_MS
        if not self.is_silent:
            self.rising_ms = start
        return table.Code.NONE

    def _say(self) -> int:
        self.rising_ms = -1
        if not self._began:
            self._due_ms = -1
            return table.Code.HELD
        self._due_ms = self._began.pop() + HELD_MS
        self._began.clear()
        return table.Code.PANIC
