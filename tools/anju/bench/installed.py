"""A node as it hangs on a wall: its bundle in slot a, confirmed, and enrolled; to be switched on in step with a bench.

It gets there as any other: the bench installs and enrols it, and its first boot ends with the answer that confirms the slot.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from anju.bench.answering import Peer
from anju.bundle import build
from anju.bundle.build import SLOT
from anju.bundle.stage import STARTERS
from anju.emulator.board import Board, Event, Pace
from anju.emulator.image import flash_image, write_flash
from anju.emulator.lockstep import Lockstep, in_step
from anju.wire.framing import Deframer, LineFault

BOARD = "qemu_ast1030"
_CONFIRMED = "confirmed slot a"
_START_US = 60_000_000


class NodeError(Exception):
    """A node that does not do what it is for; its last words."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What is needed to switch it on as often as one likes, each time as if it were the first."""

    image: Path
    inputs: tuple[str, ...]
    seed: int
    slot: Path
    """The bytecode that is on it."""
    chip: bytes
    starters: Mapping[str, str]
    """Text of boot.py and main.py."""

    @classmethod
    async def make(cls, image: Path, folder: Path, inputs: Sequence[str], seed: int) -> Installed:
        """Build the bundle in the new folder `folder`, install it, and wait until the node has confirmed it."""
        build(BOARD, folder, number=1)
        slot, tree = folder / SLOT, folder / "chip"
        shutil.copytree(slot, tree / "a")
        for name in STARTERS:
            shutil.copy(folder / name, tree)
        starters = {name: (folder / name).read_text() for name in STARTERS}
        node = cls(image, tuple(inputs), seed, slot, b"", starters)
        node.peer(tree)
        node = replace(node, chip=flash_image(tree))
        first = folder / "first"
        async with node.living(first) as living:
            while _CONFIRMED not in living.said:
                if living.step.now_us > _START_US:
                    raise NodeError(living.last_words)
                living.tell(*await living.on())
        return replace(node, chip=(first / "flash.bin").read_bytes())

    def peer(self, folder: Path) -> Peer:
        """Its concentrator, which writes its enrolment once more."""
        return Peer(folder, self.inputs, random.Random(self.seed).randbytes)

    @asynccontextmanager
    async def living(
        self, folder: Path, starters: Mapping[str, str] = {}, heap_bytes: int = 0
    ) -> AsyncIterator[Living]:
        """Switch it on in the new folder `folder`, if one likes with another boot.py or main.py, or with so much heap."""
        self._lay_out(folder, starters)
        line, log = folder / "line", folder / "console"
        board = Board(self.image, folder, line=line, log=log, pace=Pace.LEAPING, seed=self.seed, heap_bytes=heap_bytes)
        events: list[Event] = []
        board.on_event = events.append
        async with in_step(board, line) as step:
            yield Living(step, self.peer(folder), events, log)

    def _lay_out(self, folder: Path, starters: Mapping[str, str]) -> None:
        folder.mkdir()
        chip = self.chip
        for name, text in starters.items():
            chip = write_flash(chip, name, text.encode())
        (folder / "flash.bin").write_bytes(chip)


class Living:
    """A node that is switched on, and its concentrator."""

    def __init__(self, step: Lockstep, peer: Peer, events: list[Event], log: Path) -> None:
        self.step = step
        self.peer = peer
        self.events = events
        """All lines of its probe; complete once it is off."""
        self.sent = b""
        """All bytes that it has put on its line."""
        self.heard = 0
        """Frames among these."""
        self._log = log
        self._deframer = Deframer()

    @property
    def said(self) -> str:
        """All that its console has said."""
        return self._log.read_text(errors="replace")

    @property
    def last_words(self) -> str:
        """Enough of it to see why."""
        return self.said[-1000:]

    async def on(self) -> list[bytes]:
        """Let it live until it rests again; the concentrator's answers to what it has sent meanwhile. NodeError: it was reset."""
        before_us = self.step.now_us
        sent = await self.step.on()
        if self.step.now_us < before_us:
            raise NodeError(self.last_words)
        self.sent += sent
        frames = [frame for frame in self._deframer.feed(sent) if not isinstance(frame, LineFault)]
        self.heard += len(frames)
        return [answer for answer in map(self.peer.hear, frames) if answer]

    def tell(self, *frames: bytes) -> None:
        """Put frames on its line."""
        for frame in frames:
            self.step.tell(frame)
