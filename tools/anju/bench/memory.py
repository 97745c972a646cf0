"""How much heap a node needs: after its imports, when it is ready, and in a storm; on the emulated board, in virtual time.

What is allocated says little about what a board must have: under MicroPython garbage lies until a collection, and a heap can
be torn into pieces that are too small. So the peak is found the other way round: it is the smallest heap, in steps of 1 KiB, on
which a node boots, checks its slot, and comes through the storm without a MemoryError or a reset; the board is told at its start
how much it has. A short storm finds the size, the whole one proves it, or the next above it.

The storm: eight contacts that bounce or move on, some eight times a second, and a frame from the concentrator every second:
answers, orders that name a press, forged ones, noise. For a third of the time nothing is answered, so that the outbox fills.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from anju.bench.installed import Installed, Living, NodeError
from anju.wire import table

KIB = 1024
PEAK_LIMIT = 96 * KIB
INPUTS = ("any_press", "entry", "tamper", "any_press", "entry", "tamper", "entry", "entry")
_SHORT_S = 30.0
_STEP_KIB = 4
_GREETING_US = 30_000_000
_AFTER_S = 10.0
"""So long after the storm a node must still speak: a watchdog that bit would have shown."""
_EDGE_US = ((2_000, 30_000), (50_000, 600_000))
"""Until the next edges: while contacts bounce, and else."""
_PAUSE_US = 1_000_000
"""The longest between two frames to the node."""
_SILENT, _HALF = 1 / 3, 2 / 3
"""Of a storm: until when nothing is answered, and until when every other frame."""

_RUN = "    start.run()\n"
_TELL = """
    from anju.node import front

    front.release()
    gc.collect()
    print("heap imported", gc.mem_alloc(), gc.mem_alloc() + gc.mem_free())
    front.hold(61440)
"""
_WATCH = """
    def look(_):
        gc.collect()
        print("heap live", gc.mem_alloc())

    import machine

    machine.Timer(-1, period=250, callback=look)
"""


@dataclass(slots=True)
class Storm:
    """What a node came through."""

    seconds: float = 0.0
    edges: int = 0
    events: int = 0
    frames_sent: int = 0
    frames_received: int = 0


@dataclass(frozen=True, slots=True)
class Heap:
    """Bytes. `live_peak` is the most that a collection left, four times a second in a storm; `peak` the smallest heap that does.

    `port` is the heap that the emulated board has.
    """

    port: int
    after_import: int
    ready: int
    live_peak: int
    peak: int
    storm: Storm


async def heap(node: Installed, folder: Path, storm_s: float) -> Heap:
    """Find all figures, with new folders in `folder`. The node needs eight inputs."""
    said, _storm = await _live(node, folder / "watched", storm_s, _starters(node, watch=True))
    imported, port = map(int, re.findall(r"heap imported (\d+) (\d+)", said)[0])
    lives = [int(one) for one in re.findall(r"heap live (\d+)", said[said.index("\nready ") :])]
    runs = 0

    async def survived(kib: int, seconds: float) -> Storm | None:
        nonlocal runs
        runs += 1
        if kib * KIB > port:
            raise NodeError(f"no heap of up to {kib} KiB is enough, and this board has no larger one")
        try:
            return (await _live(node, folder / str(runs), seconds, _starters(node), kib * KIB))[1]
        except NodeError:
            return None

    # What lives at once must have room, so the search starts there, and leaps up in ever larger steps.
    too_small = max(lives) // KIB
    enough, step = too_small + _STEP_KIB, _STEP_KIB
    short_s = min(_SHORT_S, storm_s)
    while not (proof := await survived(enough, short_s)):
        too_small, enough, step = enough, enough + step, 2 * step
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        if storm := await survived(middle, short_s):
            enough, proof = middle, storm
        else:
            too_small = middle
    while proof.seconds < storm_s:
        if storm := await survived(enough, storm_s):
            proof = storm
        else:
            enough += 1
    return Heap(port, imported, lives[0], max(lives), enough * KIB, proof)


def _starters(node: Installed, *, watch: bool = False) -> dict[str, str]:
    """Its main.py, which also tells how much heap it uses."""
    main = node.starters["main.py"]
    if main.count(_RUN) != 1:
        raise ValueError(f"main.py does not start the node by:{_RUN}")
    return {"main.py": main.replace(_RUN, _TELL + (_WATCH if watch else "") + _RUN)}


async def _live(
    node: Installed, folder: Path, storm_s: float, starters: dict[str, str], heap_bytes: int = 0
) -> tuple[str, Storm]:
    """A node through a storm: what it said, and what it came through; NodeError if it did not."""
    async with node.living(folder, starters, heap_bytes) as living:
        weather = _Weather(living, random.Random(node.seed))
        await weather.greet()
        await weather.rage(storm_s)
        heard = living.heard
        await weather.calm(_AFTER_S)
    if "MemoryError" in living.said or living.heard == heard:
        raise NodeError(living.last_words)
    return living.said, weather.storm


@dataclass(slots=True)
class _Weather:
    living: Living
    chance: random.Random
    storm: Storm = field(default_factory=Storm)
    _answers: list[bytes] = field(default_factory=list)
    """To the frames heard last."""
    _odds: float = 1.0
    """Of an answer."""
    _levels: list[int] = field(default_factory=lambda: [0] * len(INPUTS))

    async def greet(self) -> None:
        """Until the node has said hello and has its answer."""
        while not (self.living.peer.hellos and self.living.step.is_told):
            if self.living.step.now_us > _GREETING_US:
                raise NodeError(self.living.last_words)
            self.living.tell(*await self.living.on())

    async def calm(self, seconds: float) -> None:
        """Leave the node alone, and answer as fast as the line takes it."""
        step = self.living.step
        end_us = step.now_us + seconds * 1e6
        while step.now_us < end_us:
            answers = await self.living.on()
            if step.is_told:
                self.living.tell(*answers[:1])

    async def rage(self, seconds: float) -> None:
        """Move contacts and tell the node things."""
        step, peer = self.living.step, self.living.peer
        peer.answers = lambda: self.chance.random() < self._odds
        start_us = edge_us = tell_us = step.now_us
        while (passed := (step.now_us - start_us) / (seconds * 1e6)) < 1:
            self._odds = 0.0 if passed < _SILENT else 0.5 if passed < _HALF else 1.0
            self._answers = await self.living.on() or self._answers
            if step.now_us >= edge_us:
                await self._move()
                edge_us = step.now_us + self.chance.randrange(*self.chance.choice(_EDGE_US))
            if not step.is_told:
                tell_us = step.now_us + self.chance.randrange(_PAUSE_US)
            elif step.now_us >= tell_us:
                self.living.tell(self._something())
                self.storm.frames_received += 1
        peer.answers = lambda: True
        self.storm.seconds, self.storm.frames_sent, self.storm.events = seconds, self.living.heard, len(peer.events)

    async def _move(self) -> None:
        for number in self.chance.sample(range(len(INPUTS)), self.chance.randint(1, 3)):
            self._levels[number] ^= 1
            self.storm.edges += 1
            await self.living.step.board.drive(f"A{number}", self._levels[number])

    def _something(self) -> bytes:
        peer, kind = self.living.peer, self.chance.random()
        if kind < 0.7 and self._answers:
            return self._answers.pop()
        if kind < 0.8 and peer.events:
            order = self.chance.choice((table.Order.SEEN, table.Order.COMING))
            return peer.order(order, self.chance.choice(sorted(peer.events)[-8:]))
        if kind < 0.9:
            return peer.forge(self.chance.getrandbits(16))
        return self.chance.randbytes(self.chance.randint(1, 300)) + b"\0"
