"""What is kept of the outbox while there is no power: the events that nobody has acknowledged.

    header   version, network, node, epoch: what was made under other keys is sent under none
    rows     code, zone, first counter, time_s (0 = the node did not know it)

An event that was acknowledged may still be among them; sent once more it is answered by DUPLICATE, because it keeps its first
counter, by which it is known.
"""

import struct

from micropython import const

from anju.node import frame
from anju.node.identity import Identity
from anju.node.outbox import CAPACITY, Entry
from anju.wire import table

try:
    from typing import Callable, Sequence
except ImportError:  # MicroPython
    pass

_VERSION = const(1)
_HEADER = ">BHHB"
_ROW = ">BBII"


def pack(owner: Identity, events: "Sequence[Entry]", time_of: "Callable[[Entry], int]") -> bytes:
    """The events as they are stored."""
    content = bytearray(struct.pack(_HEADER, _VERSION, owner.network, owner.node, owner.epoch))
    for event in events:
        content += struct.pack(_ROW, event.code, event.zone, event.first_counter, time_of(event))
    return bytes(content)


def unpack(owner: Identity, content: bytes) -> "list[Entry] | None":
    """The events of this owner, oldest first; None if this is nothing that `pack` has made, nor the nothing before that."""
    if not content:
        return []
    start = struct.calcsize(_HEADER)
    size = struct.calcsize(_ROW)
    rows = len(content) - start
    if rows < 0 or rows % size or rows > CAPACITY * size:
        return None
    version, network, node, epoch = struct.unpack_from(_HEADER, content)
    if version != _VERSION:
        return None
    events: "list[Entry]" = []
    if (network, node, epoch) != (owner.network, owner.node, owner.epoch):
        return events
    for at in range(start, len(content), size):
        code, zone, first_counter, time_s = struct.unpack_from(_ROW, content, at)
        event = Entry(table.Type.EVENT, code, zone, 0, frame.blank())
        event.first_counter = first_counter
        event.time_s = time_s
        events.append(event)
    return events
