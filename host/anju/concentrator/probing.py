"""Probes: a node that is awake is asked for an answer, and how long that takes is measured.

A probe is a command with the number 0, which no person's command ever has. It changes nothing, so it is not journalled, and it is
sent once: what is measured is one way there and one way back, commit of the answer included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from anju.concentrator.core.places import Address, LinkId
from anju.concentrator.core.ports import Clock
from anju.concentrator.teller import Teller, Told
from anju.wire.messages import Ack, Message
from anju.wire.table import Flag, Order

PATIENCE_S = 1.0
"""A node that is awake answers within 0.1 s over any link; what takes longer is of no use to an alarm."""
_VALID_S = 10


class Prober:
    """Asks nodes, each once at a time."""

    def __init__(self, teller: Teller, clock: Clock) -> None:
        self._teller = teller
        self._clock = clock
        self._waiting: dict[Told, asyncio.Future[float]] = {}

    async def probe(self, address: Address) -> float | None:
        """Seconds until the node's answer was here; None if none came within PATIENCE_S, or there is no way to the node."""
        told = await self._teller.tell(address, 0, Order.PROBE, 0, 0, _VALID_S, Flag.ACK_REQUESTED)
        if told is None:
            return None
        since_s = self._clock().monotonic_s
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[told] = answered
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await answered - since_s
        except TimeoutError:
            return None
        finally:
            del self._waiting[told]

    async def watch(self, messages: Sequence[Message]) -> None:
        """Authentic messages have been committed: some may be answers."""
        for header, body, _ in messages:
            if isinstance(body, Ack):
                link = LinkId(Address(header.network, header.node), body.acked_epoch)
                answered = self._waiting.get(Told(link, body.acked_counter))
                if answered and not answered.done():
                    answered.set_result(self._clock().monotonic_s)
