"""What somebody does at a node whose case is open: a press offers it for pairing, a long one makes it forget its place."""

from micropython import const

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from anju.node.input import Input

NOTHING = const(0)
PRESSED = const(1)
HELD = const(2)

HOLD_MS = 10000


class Hands:
    """Button and case of one node."""

    def __init__(self, button: "Input", case: "Input | None", zone: int) -> None:
        """`zone` is the button's number. Without a case contact the case counts as open."""
        self.zone = zone
        self._button = button
        self._case = case
        self._since_ms = -1
        self._is_told = False

    @property
    def is_case_open(self) -> bool:
        """Whether they can be at the button inside."""
        return self._case is None or self._case.is_active

    @property
    def is_pressed(self) -> bool:
        """Whether the button is."""
        return self._button.is_active

    def poll(self, now: int) -> int:
        """What has been done by now, told once."""
        if not (self.is_pressed and self.is_case_open):
            self._since_ms = -1
        elif self._since_ms < 0:
            self._since_ms = now
            self._is_told = False
            return PRESSED
        elif not self._is_told and now - self._since_ms >= HOLD_MS:
            self._is_told = True
            return HELD
        return NOTHING

    def deadline(self) -> "int | None":
        """When a press becomes a long one; None = not before something moves."""
        return None if self._since_ms < 0 or self._is_told else self._since_ms + HOLD_MS
