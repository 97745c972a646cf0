"""The air between nodes and concentrator: a UDP proxy with a passage of its own for each node, and faults in both directions."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeAlias, cast

from anju.simulator.faults import Fate, Faults

Address: TypeAlias = tuple[str, int]
_REMEMBERED = 256
"""Frames of one node that a retransmission is recognised among; a node has at most 16 unacked."""


class Direction(Enum):
    """Which way a datagram goes."""

    UP = "up"
    DOWN = "down"


Tap: TypeAlias = Callable[[Direction, bytes], bool]
"""Sees each datagram that the faults let through, as it is delivered; False drops it."""
Deliver: TypeAlias = Callable[[Direction, bytes], None]
Later: TypeAlias = Callable[[float, Callable[[], None]], object]


class Traffic:
    """What all passages have carried."""

    def __init__(self) -> None:
        self.frames = dict.fromkeys(Direction, 0)
        self.retransmitted = 0
        """Frames that their node had sent before, byte for byte."""


class Passage:
    """One node's way through the air: counts, and lets each datagram meet its fate. No sockets here."""

    def __init__(self, fates: dict[Direction, Fate], traffic: Traffic, deliver: Deliver, later: Later) -> None:
        self._fates = fates
        self._traffic = traffic
        self._deliver = deliver
        self._later = later
        self._sent: OrderedDict[bytes, None] = OrderedDict()

    def carry(self, way: Direction, frame: bytes) -> None:
        """Take a datagram in at one end; it comes out at the other never, once or twice, at once or later."""
        self._traffic.frames[way] += 1
        if way is Direction.UP:
            self._recognise(frame)
        for delay_s in self._fates[way].next():
            if delay_s:
                self._later(delay_s, lambda: self._deliver(way, frame))
            else:
                self._deliver(way, frame)

    def _recognise(self, frame: bytes) -> None:
        self._traffic.retransmitted += frame in self._sent
        self._sent[frame] = None
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)


class Air:
    """Carries datagrams between the nodes and the concentrator."""

    def __init__(self, concentrator: Address, faults: Faults, seed: int) -> None:
        self.traffic = Traffic()
        self.tap: Tap | None = None
        self._concentrator = concentrator
        self._faults = faults
        self._fates: list[Fate] = []
        self._seed = seed
        self._ends: list[_Ends] = []

    def become(self, faults: Faults) -> None:
        """Better or worse, from now on."""
        self._faults = faults
        for fate in self._fates:
            fate.faults = faults

    async def path(self, name: str) -> Address:
        """Open a node's passage; the address is what the node sends to. `name` and the seed decide its faults."""
        ends = _Ends()
        self._ends.append(ends)
        return await ends.open(self._concentrator, self._passage(name, ends.deliver))

    def road(self, name: str, deliver: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        """A passage for frames of somebody else's line: what takes them in, going "up" or "down"."""
        passage = self._passage(name, lambda way, frame: deliver(way.value, frame))
        return lambda way, frame: passage.carry(Direction(way), frame)

    def _passage(self, name: str, deliver: Deliver) -> Passage:
        def tapped(way: Direction, frame: bytes) -> None:
            if self.tap is None or self.tap(way, frame):
                deliver(way, frame)

        fates = {way: Fate(self._faults, f"{self._seed} {name} {way.value}") for way in Direction}
        self._fates += fates.values()
        return Passage(fates, self.traffic, tapped, asyncio.get_running_loop().call_later)

    def close(self) -> None:
        """Close every passage; what is still held in the air is lost."""
        for ends in self._ends:
            ends.close()
        self._ends.clear()


class _Ends:
    """The sockets at both ends of a passage: the concentrator sees the node as the address of `_far`."""

    def __init__(self) -> None:
        self._node: Address | None = None
        self._near: asyncio.DatagramTransport | None = None
        self._far: asyncio.DatagramTransport | None = None

    async def open(self, concentrator: Address, passage: Passage) -> Address:
        def from_node(frame: bytes, sender: Address) -> None:
            self._node = sender
            passage.carry(Direction.UP, frame)

        def from_concentrator(frame: bytes, _sender: Address) -> None:
            passage.carry(Direction.DOWN, frame)

        loop = asyncio.get_running_loop()
        self._far, _ = await loop.create_datagram_endpoint(lambda: _Ear(from_concentrator), remote_addr=concentrator)
        self._near, _ = await loop.create_datagram_endpoint(lambda: _Ear(from_node), local_addr=(concentrator[0], 0))
        return cast(Address, self._near.get_extra_info("sockname")[:2])

    def close(self) -> None:
        for end in (self._near, self._far):
            if end is not None:
                end.close()

    def deliver(self, way: Direction, frame: bytes) -> None:
        end, to = (self._far, None) if way is Direction.UP else (self._near, self._node)
        if end is None or end.is_closing() or (way is Direction.DOWN and to is None):
            return
        end.sendto(frame, to)


class _Ear(asyncio.DatagramProtocol):
    """Hands datagrams on. A refused one (the concentrator is down) is lost, as in the air."""

    def __init__(self, hear: Callable[[bytes, Address], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._hear(data, addr)
