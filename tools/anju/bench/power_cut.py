"""Power cuts that strike while the node writes its flash: does it boot, has it lost an event, does it use a number twice.

How a cut is made to strike, and how that is known: `anju.emulator.strike`.

Aims, by turns of chance: the boot, where the next numbers are reserved, and the seconds in which events are made, kept and
acknowledged, by a concentrator that answers half of what it hears, or every other time cannot be reached at all. An event counts
from the moment the node has told it on its console; it is lost if it has not been heard before or after the next boot.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from anju.bench.answering import Answering
from anju.bench.result import Progress
from anju.bundle import stage
from anju.emulator.board import Board, Pace
from anju.emulator.console import Lines
from anju.emulator.image import firmware, flash_image
from anju.emulator.strike import strike
from anju.service.i18n import _

INPUTS = ("any_press", "entry", "tamper")
_WORKERS = 2
_BOOT_S = 120.0
_WRITES_S = 1.5
"""How long a write is waited for while contacts move."""
_ARRIVE_S = 10.0
"""Several times the slowest retry."""
_MOST_WRITES = 16
"""A cut of the outbox lets up to so many writes pass, by chance: keeping one event takes about five."""
_MOST_MISSES = 20
"""Aims in a row that met no write: then the firmware does not write where it should."""


class _NotBootedError(Exception):
    """The node did not come up."""


class Aim(StrEnum):
    """What a cut is to interrupt."""

    RESERVATION = "reservation"
    OUTBOX = "outbox"


@dataclass
class Outcome:
    """What a number of cuts did."""

    struck: dict[Aim, int] = field(default_factory=lambda: dict.fromkeys(Aim, 0))
    missed: int = 0
    lost: list[int] = field(default_factory=list)
    counter_reused: list[int] = field(default_factory=list)
    not_booted: int = 0
    events: int = 0

    @property
    def cuts(self) -> int:
        """Cuts that struck a write."""
        return sum(self.struck.values())

    @property
    def is_good(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.lost or self.counter_reused or self.not_booted)

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": "power-cut",
            "cuts": self.cuts,
            "lost": len(self.lost),
            "counter_reused": len(self.counter_reused),
            "not_booted": self.not_booted,
            "events": self.events,
            "struck": {aim.value: count for aim, count in self.struck.items()},
            "missed": self.missed,
            "known_by": "pin P7 is high while the chip is written; read with the processor stopped, before each cut",
        }


def measure(cuts: int, seed: int, progress: Progress, aims: Sequence[Aim] = tuple(Aim)) -> Outcome:
    """Cut the power `cuts` times; the seed decides when, as far as a machine with other work can repeat it."""
    return asyncio.run(_measure(firmware(), cuts, seed, progress, aims))


async def _measure(image: Path, cuts: int, seed: int, progress: Progress, aims: Sequence[Aim]) -> Outcome:
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="anju-cuts-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        bundle = stage("qemu_ast1030", folder / "bundle")

        def done() -> None:
            if outcome.cuts % 10 == 0:
                progress(_("Cut %(number)d of %(count)d") % {"number": outcome.cuts, "count": cuts})

        workers = min(_WORKERS, cuts)
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                share = cuts // workers + (number < cuts % workers)
                victim = _Victim(image, bundle, folder / str(number), f"{seed} {number}", outcome, aims, done)
                group.create_task(victim.suffer(share))
    return outcome


class _Victim:
    """One board whose power is cut again and again; its flash lives on."""

    def __init__(
        self,
        image: Path,
        bundle: Path,
        folder: Path,
        seed: str,
        outcome: Outcome,
        aims: Sequence[Aim],
        done: Callable[[], None],
    ) -> None:
        self._random = random.Random(seed)
        self._aims = aims
        self._outcome = outcome
        self._done = done
        self._told: set[int] = set()
        """Events that the node has told of and that nobody has heard yet."""
        self._ready = asyncio.Event()
        self._levels = [0] * len(INPUTS)
        folder.mkdir()
        enrolled = folder / "enrolled"
        enrolled.mkdir()
        self._peer = Answering(folder / "line", enrolled, INPUTS)
        (folder / "flash.bin").write_bytes(flash_image(bundle, enrolled))
        shutil.rmtree(enrolled)
        self._board = Board(image, folder, line=folder / "line", pace=Pace.REAL)

    async def suffer(self, cuts: int) -> None:
        """Lose the power `cuts` times while writing, then start once more and account for everything."""
        struck = misses = 0
        try:
            async with self._peer:
                while struck < cuts:
                    aim = self._random.choice(self._aims)
                    if await self._cut(aim):
                        struck, misses = struck + 1, 0
                        self._outcome.struck[aim] += 1
                        self._done()
                    else:
                        misses += 1
                        self._outcome.missed += 1
                        if misses > _MOST_MISSES:
                            raise RuntimeError(f"{misses} aims in a row at the {aim} met no write")
                await self._switch_on()
                await self._boot_done()
                await self._account()
        except _NotBootedError:
            self._outcome.not_booted += 1
        finally:
            await self._board.kill()
            self._outcome.counter_reused += self._peer.reused

    async def _cut(self, aim: Aim) -> bool:
        """Whether the cut struck; the board is without power afterwards."""
        acting: asyncio.Task[None] | None = None
        try:
            if aim is Aim.RESERVATION:
                await self._switch_on(held=True)
                return await strike(self._board, self._random, writes_to_pass=0, patience_s=_BOOT_S)
            await self._switch_on()
            await self._boot_done()
            await self._account()
            self._peer.answers = lambda: self._random.random() < 0.5
            self._peer.hears = self._random.random() < 0.5
            acting = asyncio.create_task(self._act())
            return await strike(self._board, self._random, self._random.randrange(_MOST_WRITES), _WRITES_S)
        except _NotBootedError:
            self._outcome.not_booted += 1
            return False
        finally:
            if acting is not None:
                acting.cancel()
                await asyncio.gather(acting, return_exceptions=True)
            await self._board.cut_power()

    async def _act(self) -> None:
        """Move contacts for as long as it takes."""
        while True:
            number = self._random.randrange(len(INPUTS))
            self._levels[number] ^= 1
            await self._board.drive(f"A{number}", self._levels[number])
            await asyncio.sleep(self._random.uniform(0.02, 0.2))

    async def _switch_on(self, *, held: bool = False) -> None:
        self._ready.clear()
        self._levels = [0] * len(INPUTS)
        self._peer.answers = lambda: True
        self._peer.hears = True
        self._board.on_text = Lines(self._hear).feed
        await self._board.start(held=held)

    async def _boot_done(self) -> None:
        try:
            async with asyncio.timeout(_BOOT_S):
                await self._ready.wait()
        except TimeoutError:
            raise _NotBootedError from None

    async def _account(self) -> None:
        """Wait until everything that was told before has been heard; what has not is lost."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_ARRIVE_S):
                while self._told - self._peer.events:
                    self._peer.heard.clear()
                    await self._peer.heard.wait()
        self._outcome.lost += self._told - self._peer.events
        self._told.clear()
        self._peer.events.clear()

    def _hear(self, line: str) -> None:
        words = line.split()
        if words[:1] == ["ready"]:
            self._ready.set()
        elif words[:1] == ["event"] and len(words) == 6:
            self._told.add(int(words[1]))
            self._outcome.events += 1
