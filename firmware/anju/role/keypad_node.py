"""A node on mains power with keys and a siren: a `siren_node`, and what is asked with its keys."""

import asyncio

from anju.node.keys import Keys
from anju.role import keyed, siren_node

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from anju.node.device import Device
    from anju.role.needs import SirenBoard
    from anju.role.trial import Trial


def run(board: "SirenBoard", trials: "list[Trial] | None" = None, markings: "tuple[str, ...]" = ()) -> None:
    """Be the node that `board` describes, until the power goes; `markings` are what a HELLO says of this image."""
    asyncio.run(_Node(board, trials, markings).main())


class _Node(siren_node.Node):
    _keys = Keys()

    def _enrolled(self, identity: "Any", inputs: "Any", *parts: "Any") -> "Device":
        self._keys = keyed.keys_of(self._board, identity.inputs, self._contacts, inputs, self._edge.set)
        return super()._enrolled(identity, inputs, *parts)

    def _pump(self) -> None:
        super()._pump()
        device = keyed.heed(self._device, self._keys, self._now())
        if device is not self._device:
            self._device = device
            super()._pump()
