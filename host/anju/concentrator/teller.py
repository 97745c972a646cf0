"""What a machine tells a node: sounds, challenges and probes. Not journalled, because nobody did it: what is so now counts.

Their numbers lie apart from those of people's commands, and begin elsewhere at each start, so that a node which remembers the
last ones does not take a new one for an old one. What a node says to them confirms no person's command.
"""

from __future__ import annotations

import secrets
from collections import deque
from typing import NamedTuple

from anju.concentrator.core.places import Address, LinkId
from anju.concentrator.core.ports import Clock, Journal, Keys, Send
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Command, Extra
from anju.wire.table import Order, Type

_FIRST = 1 << 29
"""People's commands here are numbered by seconds since 2024, below this until 2041; the duty room's are above 2³⁰."""
_REMEMBERED = 1024
"""Frames whose answer may still come."""


class Told(NamedTuple):
    """A frame that went out."""

    link: LinkId
    counter: int


class Teller:
    """Numbers, seals and sends."""

    def __init__(self, codec: Codec, keys: Keys, journal: Journal, send: Send, clock: Clock) -> None:
        self._codec = codec
        self._keys = keys
        self._journal = journal
        self._send = send
        self._clock = clock
        self._number = _FIRST + secrets.randbits(28)
        self._told: deque[Told] = deque()

    def number(self) -> int:
        """A number that no command had in this life."""
        self._number += 1
        return self._number

    async def tell(
        self,
        address: Address,
        number: int,
        order: Order,
        event_id: int,
        zone: int,
        valid_s: int,
        flags: int,
        *extras: Extra,
    ) -> Told | None:
        """Send it once; None if there is no way to the node. LedgerError: no counter could be reserved."""
        time_s = self._clock().wall_ms // 1000
        body = Command(Type.COMMAND, flags, time_s, number, order, zone, event_id, valid_s)
        told = await self.send(address, body, *extras)
        if told:
            self._remember(told)
        return told

    async def send(self, address: Address, body: Ack | Command, *extras: Extra) -> Told | None:
        """Send a body once, under a counter that is reserved for it; None if there is no way to the node."""
        if not self._keys.can_answer(address):
            return None
        await self._keys.reserve({address})
        node = self._journal.building.nodes.get(address)
        if (
            node is None or node.route is None or not self._keys.can_answer(address)
        ):  # it may have been unpaired meanwhile
            return None
        header = self._keys.next_header(address)
        self._send(node.route, self._codec.seal(header, body, extras))
        return Told(LinkId(address, header.epoch), header.counter)

    def _remember(self, told: Told) -> None:
        probes = self._journal.building.probes
        probes.add((told.link, told.counter))
        self._told.append(told)
        if len(self._told) > _REMEMBERED:
            oldest = self._told.popleft()
            probes.discard((oldest.link, oldest.counter))
