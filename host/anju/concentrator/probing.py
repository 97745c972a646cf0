"""Probes: a node that is awake is asked for an answer, and how long that takes is measured.

A probe is a command with the number 0, which no person's command ever has. It changes nothing, so it is not journalled, and it is
sent once: what is measured is one way there and one way back, commit of the answer included.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from anju.concentrator.core.places import Address, LinkId
from anju.concentrator.core.ports import Clock, Journal, Keys, Send
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Command, Message
from anju.wire.table import Flag, Order, Type

PATIENCE_S = 1.0
"""A node that is awake answers within 0.1 s over any link; what takes longer is of no use to an alarm."""
_VALID_S = 10
_REMEMBERED = 256
"""Probes whose answer may still come after nobody waits for it."""


class Prober:
    """Asks nodes, each once at a time."""

    def __init__(self, codec: Codec, keys: Keys, journal: Journal, send: Send, clock: Clock) -> None:
        self._codec = codec
        self._keys = keys
        self._journal = journal
        self._send = send
        self._clock = clock
        self._waiting: dict[tuple[LinkId, int], asyncio.Future[float]] = {}
        self._asked: deque[tuple[LinkId, int]] = deque()

    async def probe(self, address: Address) -> float | None:
        """Seconds until the node's answer was here; None if none came within PATIENCE_S, or there is no way to the node."""
        await self._keys.reserve({address})
        node = self._journal.building.nodes.get(address)
        if node is None or node.route is None or self._keys.placement(address) is None:
            return None
        if not self._keys.can_answer(address):
            return None
        header = self._keys.next_header(address)
        key = (LinkId(address, header.epoch), header.counter)
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answered
        self._remember(key)
        moment = self._clock()
        order = Command(Type.COMMAND, Flag.ACK_REQUESTED, moment.wall_ms // 1000, 0, Order.PROBE, 0, 0, _VALID_S)
        self._send(node.route, self._codec.seal(header, order))
        try:
            async with asyncio.timeout(PATIENCE_S):
                at_s = await answered
                return at_s - moment.monotonic_s
        except TimeoutError:
            return None
        finally:
            del self._waiting[key]

    async def watch(self, messages: Sequence[Message]) -> None:
        """Authentic messages have been committed: some may be answers."""
        for header, body, _ in messages:
            if isinstance(body, Ack):
                link = LinkId(Address(header.network, header.node), body.acked_epoch)
                answered = self._waiting.get((link, body.acked_counter))
                if answered and not answered.done():
                    answered.set_result(self._clock().monotonic_s)

    def _remember(self, key: tuple[LinkId, int]) -> None:
        probes = self._journal.building.probes
        probes.add(key)
        self._asked.append(key)
        if len(self._asked) > _REMEMBERED:
            probes.discard(self._asked.popleft())
