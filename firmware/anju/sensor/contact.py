"""What all contacts have in common: a pin, its interrupt, and a flag."""

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Protocol

    class Pin(Protocol):
        """As much of `machine.Pin` as a contact needs; `irq` without a trigger means both edges."""

        def value(self) -> int: ...
        def irq(self, handler: "Callable[[Pin], None]") -> object: ...


SETTLE_MS = {"entry": 50, "tamper": 100, "detector": 100}
OTHERS_SETTLE_MS = 20
"""How long a level has to stay before it counts, by the kind of input.

others     a short-stroke button rests within 5 ms, a worn one within 20; the keys of a keypad are such buttons, too
entry      a reed contact rests within 1 ms, but a door that falls shut swings in and out of its magnet's reach
detector   a relay of a smoke, gas or water detector rests within 20 ms, and stays for seconds
tamper     a knock at the wall moves a lever switch under a lid for some tens of milliseconds, an opened lid for good
"""


class Contact:
    """A contact at a pin. The interrupt sets a flag and notes the time, nothing more; debouncing is `anju.node.input`'s.

    The time is the edge's own: a contact settles while the node is busy with something else.

    An interpreter queues few interrupts (eight in most ports) and drops the rest, so in a storm on one pin the last edge of
    another may never be told. Those that were queued still set the flag, and then every contact's level is looked at.
    """

    def __init__(self, pin: "Pin", wake: "Callable[[], object]", ticks_ms: "Callable[[], Any]") -> None:
        """`wake` and `ticks_ms` (`time.ticks_ms`) are called from the interrupt and must neither wait nor allocate."""
        self.moved = ticks_ms()
        """Ticks of the movement that `edge` told last: its own, or of the look that found it out."""
        self._pin = pin
        self._wake = wake
        self._ticks_ms = ticks_ms
        self._moved = self.moved
        self._level = -1  # its first level has to be looked at
        self._has_moved = False
        pin.irq(handler=self._interrupt)

    def edge(self) -> "int | None":
        """The present level if the contact moved since it was asked last, or None."""
        # Before the level is read: an edge in between makes one look too many, never one too few.
        has_moved = self._has_moved
        self._has_moved = False
        level = self._pin.value()
        if level == self._level and not has_moved:
            return None
        self._level = level
        self.moved = self._moved if has_moved else self._ticks_ms()
        return level

    def level(self) -> int:
        """The present level, whether it was told before or not."""
        return self._pin.value()

    def _interrupt(self, pin: "Pin") -> None:
        self._moved = self._ticks_ms()
        self._has_moved = True
        self._wake()
