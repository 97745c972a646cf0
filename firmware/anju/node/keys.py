"""The keys of a fob or keypad: the last input of an enrolment, on all terminals that are left.

    key 0, 1, 2    away, home, off
    key 3 … 12     the digits of a code, on a keypad

A key counts when it is let go, so that away and home pressed together can be something else: a PANIC, and then neither counts.
What is asked with the keys is `anju.keys`', which is loaded for it; a panic waits for nothing.
"""

from anju.node.input import Input
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DIGITS = 3
"""The number of the first one."""


class Key(Input):
    """One key. It makes no event of its own."""

    def __init__(self, keys: "Keys", *how: "Any") -> None:
        """`how` is that of an `Input`."""
        super().__init__(*how)
        self._keys = keys

    def _become(self, is_active: bool, now: int) -> int:
        if is_active == self.is_active:
            return table.Code.NONE
        self.is_active = is_active
        return self._keys.moved(self)


class Keys:
    """All of them, and which were let go."""

    def __init__(self) -> None:
        self.keys: "list[Key]" = []
        self.let_go: "list[int]" = []
        """Numbers, for whoever takes them."""
        self._is_panic = False

    def moved(self, key: Key) -> int:
        """The code of what that makes, or NONE."""
        armed = sum([other.is_active for other in self.keys[:2]])
        if armed == 2:
            self._is_panic = True
            self.let_go.clear()
            return table.Code.PANIC if key in self.keys[:2] else table.Code.NONE
        if not key.is_active and not self._is_panic:
            self.let_go.append(self.keys.index(key))
        if not armed:
            self._is_panic = False
        return table.Code.NONE
