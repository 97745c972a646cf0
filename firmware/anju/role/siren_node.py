"""A node on mains power that may have a siren: a `wired_node`, and three outputs if it is enrolled with one.

What works a siren is loaded only then: its 5 KB are otherwise the events' and the pairing's.
"""

import asyncio

from anju.role import wired_node
from anju.role.signals import Signals

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from anju.node.device import Device
    from anju.node.identity import StoreError
    from anju.node.sounder import Sounder
    from anju.role.needs import SirenBoard
    from anju.role.trial import Trial


def run(board: "SirenBoard", trials: "list[Trial] | None" = None, markings: "tuple[str, ...]" = ()) -> None:
    """Be the node that `board` describes, until the power goes; `markings` are what a HELLO says of this image."""
    asyncio.run(Node(board, trials, markings).main())


class Node(wired_node.Node):
    """The same, and its siren."""

    def __init__(self, board: "SirenBoard", trials: "list[Trial] | None", markings: "tuple[str, ...]") -> None:
        self._sounder: "Sounder | None" = None
        self._horn: "Signals | None" = None
        self._outputs = board.siren
        board.siren()  # all off, also what an earlier life has left on
        super().__init__(board, trials, markings)

    def _pump(self) -> None:
        super()._pump()
        if self._sounder is not None and self._horn is not None:
            self._horn.show(self._sounder.outputs)

    def _enrolled(self, *parts: "Any") -> "Device":
        if "siren" not in parts[0].inputs:
            self._quiet()
            return super()._enrolled(*parts)
        from anju.node.siren import Siren
        from anju.node.sounder import Sounder

        if self._sounder is None:
            self._sounder = Sounder(self._board.IS_SILENT)
            self._horn = Signals(*self._outputs())
        return Siren(self._sounder, *parts)

    def _unenrolled_device(self, reason: "StoreError") -> "Any":
        self._quiet()
        return super()._unenrolled_device(reason)

    def _quiet(self) -> None:
        if self._sounder is not None:
            self._sounder.quiet()
