"""A console's bytes as lines."""

from __future__ import annotations

from collections.abc import Callable


class Lines:
    """Hands on whole lines, without their ends; one that was cut short by the power is never handed on."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        self._hear = hear
        self._waiting = b""

    def feed(self, piece: bytes) -> None:
        """Take what has come."""
        *lines, self._waiting = (self._waiting + piece).split(b"\n")
        for line in lines:
            self._hear(line.rstrip(b"\r").decode(errors="replace"))
