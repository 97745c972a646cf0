"""Kinds of nodes as named rows: how long each may be silent, and when its battery is low. A HELLO names the board.

To add a kind: its board in `boards/`, a row here, and its line in `boards/README.md`.
"""

from __future__ import annotations

from typing import NamedTuple

HEARTBEAT_S = 15 * 60
SILENT_S = 18 * 60
"""What may pass between two frames: a heartbeat every 15 minutes, and time to repeat it. The best of the market is 18."""
WARN_S = 20 * 60
"""Arming warns of a zone that has been silent for longer (EN 50131-5-3, grade 2)."""
LOST_S = 2 * 3600
"""No zone may be missing for longer without being shown (EN 50131-5-3)."""


class Battery(NamedTuple):
    """One kind of cell, under the load of a transmission: low and empty, in millivolts. None of this is measured on a board."""

    low_mv: int
    empty_mv: int
    restored_mv: int
    """Once it was low it is so until it reads this: a cold night or a burst of frames must not make it come and go."""


class NodeKind(NamedTuple):
    """What may be expected of one kind of node. Without `silent_s` it may be silent: what people carry goes with them."""

    name: str
    boards: frozenset[str]
    silent_s: int | None = SILENT_S
    battery: Battery | None = None


LITHIUM = Battery(low_mv=2600, empty_mv=2300, restored_mv=2800)
"""Two AA cells of lithium iron disulphide in series, down to what an ESP32's regulator still makes of them."""

WIRED = NodeKind("wired", frozenset({"rp2040_wired", "qemu_ast1030"}))
NODE_KINDS = (
    WIRED,
    NodeKind("battery", frozenset({"esp32c3_door", "esp32c3_panic", "qemu_battery"}), battery=LITHIUM),
    NodeKind("carried", frozenset({"esp32c3_fob"}), silent_s=None, battery=LITHIUM),
    NodeKind("simulated", frozenset({"unix_sim"}), battery=LITHIUM),
)
_KIND_OF = {board: kind for kind in NODE_KINDS for board in kind.boards}


def kind_of(firmware: str) -> NodeKind:
    """The kind of a node by what its HELLO says that it runs; one that nobody knows is wired, for which silence means most."""
    for word in firmware.split():
        if word in _KIND_OF:
            return _KIND_OF[word]
    return WIRED
