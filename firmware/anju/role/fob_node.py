"""A key fob: a `battery_node` that somebody asks something of."""

from anju.node.keys import Keys
from anju.node.sleeper import Sleeper
from anju.role import battery_node, keyed

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from anju.role.needs import BatteryBoard
    from anju.role.trial import Trial


def run(board: "BatteryBoard", trials: "list[Trial] | None" = None, markings: "tuple[str, ...]" = ()) -> None:
    """Be the node that `board` describes, for ever: on real hardware a sleep ends with a reset. `markings` are what a HELLO
    says of this image."""
    battery_node.run(board, trials, markings, _Node)


class _Node(battery_node.Node):
    _keys = Keys()

    def _enrolled(self, identity: "Any", inputs: "Any", *parts: "Any") -> Sleeper:
        self._keys = keyed.keys_of(self._board, identity.inputs, self._contacts, inputs, battery_node.nothing)
        return super()._enrolled(identity, inputs, *parts)

    def _pump(self, now: int) -> None:
        super()._pump(now)
        device = keyed.heed(self._device, self._keys, now)
        if device is not self._device:
            self._device = device
            super()._pump(now)
