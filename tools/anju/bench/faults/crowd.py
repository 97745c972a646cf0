"""Many nodes at once, in real time: people open doors and press buttons wherever there is room for another event."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from functools import partial

from anju.bench.faults.deeds import Deeds, EventName
from anju.concentrator.keyring import Link
from anju.simulator.air import Air
from anju.simulator.virtual.agenda import Agenda
from anju.simulator.virtual.node import CAPACITY, Event, Input, Node

INPUTS = (Input.CONTACT, Input.BUTTON)
DOOR, BUTTON = 0, 1
MOST_WAITING = CAPACITY // 2
"""Events that a node may hold unacknowledged: with more, a full memory would give some way, as it is meant to."""
_TURN_S = 0.01
_PRESSES = 0.1
_BUSY = 0.3
"""Share of the nodes at which the next thing is done before the last one was acknowledged."""


class Resident:
    """One node and its frames' way to a concentrator's port."""

    def __init__(self, link: Link, household: str, crowd: Crowd) -> None:
        self.node = Node(link, INPUTS, crowd.agenda, random.Random(f"{crowd.seed} {link.address}"))
        self.node.note = self._note
        self.household = household
        self.most_waiting = crowd.chance.randint(1, MOST_WAITING) if crowd.chance.random() < _BUSY else 1
        self._link = link
        self._deeds = crowd.deeds
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, concentrator: tuple[str, int], air: Air) -> None:
        """Join it to the air, and give it power."""
        carry = air.road(f"node {self._link.address}", self._deliver)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(partial(carry, "down")), remote_addr=concentrator
        )
        self.node.send = partial(carry, "up")
        self.node.power_on()

    def close(self) -> None:
        """Power off, and out of the air."""
        self.node.is_on = False
        if self._transport:
            self._transport.close()

    def act(self, chance: random.Random) -> None:
        """Somebody does something here: one event, at most."""
        which = BUTTON if chance.random() < _PRESSES else DOOR
        self.node.move(which, is_active=not self.node.active[which])

    def _deliver(self, way: str, frame: bytes) -> None:
        if way == "down":
            self.node.receive(frame)
        elif self._transport and not self._transport.is_closing():
            self._transport.sendto(frame)

    def _note(self, event: Event) -> None:
        if event.code:
            name = EventName(*self._link.address, self._link.epoch, event.first_counter, event.code)
            if event.is_acked:
                self._deeds.ack(name)
            else:
                self._deeds.make(name, self.household)


class Crowd:
    """All nodes; `run` lets them live, and do things until there are so many events."""

    def __init__(self, deeds: Deeds, seed: int) -> None:
        self.agenda = Agenda()
        self.deeds = deeds
        self.seed = seed
        self.residents: list[Resident] = []
        self.chance = random.Random(f"{seed} crowd")
        self._begun_s = time.monotonic()

    async def run(self, most: Callable[[], int]) -> None:
        """For ever. `most`: how many events there may be by now."""
        while True:
            await self.agenda.run(time.monotonic() - self._begun_s)
            self._act(most() - self.deeds.made)
            await asyncio.sleep(_TURN_S)

    def close(self) -> None:
        """Everybody is gone."""
        for one in self.residents:
            one.close()

    def _act(self, room: int) -> None:
        for one in self.chance.sample(self.residents, len(self.residents)):
            if room <= 0:
                return
            is_free = one.node.is_on and one.node.waiting < one.most_waiting
            if is_free:
                before = self.deeds.made
                one.act(self.chance)
                room -= self.deeds.made - before


class _Ear(asyncio.DatagramProtocol):
    """Hands datagrams on; one that a dead concentrator refuses is lost, as in the air."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, _addr: object) -> None:
        self._hear(data)
