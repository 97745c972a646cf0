"""An enrolled node that sounds as well: the same `Device`, and orders to its sounder."""

from anju.node.device import Device
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from anju.node.sounder import Sounder


class Siren(Device):
    """Its sounder outlives it: what it shows is the role's, whoever stands before the device."""

    def __init__(self, sounder: "Sounder", *parts: "Any") -> None:
        """`parts` are those of a `Device`."""
        super().__init__(*parts)
        self._sounder = sounder
        sounder.quiet()
        self.orders.others[table.Order.SOUND] = sounder.order

    def poll(self, now: int) -> "bytearray | None":
        """A frame to send at once, or None."""
        self._sounder.poll(now)
        return super().poll(now)

    def next_deadline(self) -> int:
        """When to poll again if nothing moves and nothing arrives."""
        soonest = super().next_deadline()
        due = self._sounder.deadline()
        return soonest if due is None else min(soonest, due)
