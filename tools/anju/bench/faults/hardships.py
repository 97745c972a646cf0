"""What else fails: disks, clocks, cables, the air, the power of nodes; and PCs that are replaced from their backups.

Each is a coroutine that lets it happen and takes it away again.
"""

from __future__ import annotations

import asyncio
import random
import resource
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from anju.bench.faults import parties
from anju.bench.faults.estate import Estate, Pc
from anju.bench.faults.services import Service
from anju.bench.testing.centre import Say, acknowledge
from anju.service.errors import ServiceError
from anju.simulator.crashes import PAGE

_SHORT_S, _LONG_S = (0.3, 1.5), (1.0, 4.0)
_SLOW_S = (0.05, 0.5)
_DAY_S = 86400.0
_STEPS_S = (-40 * _DAY_S, -_DAY_S, -3600.0, -5.0, 5.0, 3600.0, _DAY_S, 40 * _DAY_S)
_AGAIN_S = 0.1

Hardship = Callable[[], Awaitable[None]]


class Hardships:
    """What can befall an estate; `times` counts what did."""

    def __init__(self, estate: Estate, folder: Path, chance: random.Random) -> None:
        self.times: Counter[str] = Counter()
        self._estate, self._folder, self._chance = estate, folder, chance
        self._one_restore = asyncio.Lock()

    @property
    def often(self) -> dict[str, Hardship]:
        """By name, those that may happen any number of times; not every system can fill a disk for one process."""
        full: dict[str, Hardship] = {"full disk": self._full_disk} if hasattr(resource, "prlimit") else {}
        return full | {
            "slow disk": self._slow_disk,
            "clock step": self._clock_step,
            "network cut": self._network_cut,
            "network broken off": self._network_broken_off,
            "air cut": self._air_cut,
            "node without power": self._node_without_power,
            "receiver killed": self._receiver_killed,
            "receiver refused": partial(self._receiver_says, parties.refuse),
            "receiver broke off": partial(self._receiver_says, parties.hang_up),
            "receiver was late": partial(self._receiver_says, parties.answer_late),
            "receiver answered another": partial(self._receiver_says, parties.answer_another),
            "broker killed": self._broker_killed,
        }

    @property
    def once(self) -> dict[str, Hardship]:
        """And those that happen once, because they take their time."""
        return {"backup restored": self._old_backup, "PC replaced": self._replaced}

    async def befall(self, name: str) -> None:
        """Let one happen."""
        await (self.often | self.once)[name]()
        self.times[name] += 1

    async def _full_disk(self) -> None:
        service = self._chance.choice([one for one in self._estate.services if one.name != PAGE])
        service.fill_disk(int(_longest(service) * self._chance.choice((0.0, self._chance.random()))))
        await self._lasts(_LONG_S)
        service.fill_disk(None)

    async def _slow_disk(self) -> None:
        machine = self._pc().machine
        machine.become(machine.now._replace(commit_s=self._chance.uniform(*_SLOW_S)))
        await self._lasts(_LONG_S)
        machine.become(machine.now._replace(commit_s=0.0))

    async def _clock_step(self) -> None:
        machine = self._pc().machine
        off = machine.now.clock_s
        machine.become(machine.now._replace(clock_s=0.0 if off else self._chance.choice(_STEPS_S)))

    async def _network_cut(self) -> None:
        self._estate.wire.hold()
        await self._lasts(_LONG_S)
        self._estate.wire.mend()

    async def _network_broken_off(self) -> None:
        self._estate.wire.break_off()
        await self._lasts(_SHORT_S)
        self._estate.wire.mend()

    async def _air_cut(self) -> None:
        pc = self._pc()
        self._estate.become_deaf(pc)
        await self._lasts(_SHORT_S)
        self._estate.become_bad(pc)

    async def _node_without_power(self) -> None:
        node = self._chance.choice([one.node for one in self._estate.crowd.residents if one.node.is_on])
        node.power_off()
        await self._lasts(_SHORT_S)
        node.power_on()

    async def _receiver_killed(self) -> None:
        party = self._pc().party
        async with party.turn:
            await party.centre.close()
            await self._lasts(_SHORT_S)
            await party.centre.open()

    async def _receiver_says(self, say: Say) -> None:
        party = self._pc().party
        async with party.turn:
            party.centre.say = say
            await self._lasts(_SHORT_S)
            party.centre.say = acknowledge

    async def _broker_killed(self) -> None:
        """With all that it knew: who was connected, what was on its way, what it kept."""
        everybody = self._estate.parties
        async with everybody.broker_turn:
            await everybody.broker.stop()
            await self._lasts(_SHORT_S)
            await everybody.broker.start()

    async def _old_backup(self) -> None:
        """A concentrator's PC dies, and one is made of a backup that is older than what has happened since.

        What it had acknowledged and the duty room did not have is lost with a PC's disk, whatever anybody does. So it dies once
        it owes nothing; nodes know nothing of it, and many wait for an acknowledgement that never came.
        """
        pc = self._estate.far
        async with self._one_restore:
            file = self._folder / "far.backup"
            await self._again(lambda: pc.back_up(file))
            await self._lasts(_LONG_S)
            self._estate.become_deaf(pc)
            await self._delivered(pc)
            await self._halted(pc)
            await pc.restore(file)
            self._begin(pc)
            self._estate.become_bad(pc)

    async def _replaced(self) -> None:
        """The duty room's PC dies, and another is made of a backup of its disk."""
        pc = self._estate.near
        async with self._one_restore:
            await self._halted(pc)
            file = self._folder / "near.backup"
            await pc.back_up(file)
            await pc.restore(file)
            self._begin(pc)

    @staticmethod
    async def _delivered(pc: Pc) -> None:
        while True:
            if await pc.owes_nothing():
                return
            await asyncio.sleep(_AGAIN_S)

    @staticmethod
    async def _again(act: Callable[[], Awaitable[None]]) -> None:
        """Until it works: a service may die in the midst of it."""
        for left in range(20, -1, -1):
            try:
                return await act()
            except ServiceError:
                if not left:
                    raise
                await asyncio.sleep(_AGAIN_S)
        return None

    @staticmethod
    async def _halted(pc: Pc) -> None:
        await asyncio.gather(*(service.halt() for service in pc.services.values()))

    @staticmethod
    def _begin(pc: Pc) -> None:
        for service in pc.services.values():
            service.begin()

    def _pc(self) -> Pc:
        return self._chance.choice(self._estate.pcs)

    async def _lasts(self, seconds: tuple[float, float]) -> None:
        await asyncio.sleep(self._chance.uniform(*seconds))


def _longest(service: Service) -> int:
    """Bytes of its longest file."""
    return max((file.stat().st_size for file in service.site.folder.glob("*.db*")), default=0)
