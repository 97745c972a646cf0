"""A board that installs update after update, and loses its power in the middle of flash writes meanwhile.

Aims, by turns of chance: the copying of a bundle into the idle slot, the flip of the pointer, and the first start of the new
slot with its counted try and its confirmation. After each cut its chip is looked at from outside, and then it is switched on.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from anju.bundle.manifest import NAME, Manifest
from anju.emulator.board import Board, Event, Pace
from anju.emulator.image import read_flash, read_folder
from anju.emulator.repl import Repl
from anju.emulator.strike import BUSY, strike
from emulated.heard import Heard

_BOOT_S = 60.0
_WRITES_S = 1.5
_WRITES_OF_A_FLIP = 4
_WRITES_OF_A_START = 10
"""So many there surely are; a cut lets fewer pass, by chance."""
_MOST_MISSES = 20

COPY = """
import json, machine, os
from anju.update import install
from anju.update.slots import Slots
guard = machine.WDT(timeout=8000)
slots = Slots()
old, new = slots.folder(slots.running), slots.folder(slots.idle())

def bring(source, path):
    for end in range(1, len(path)):
        if path[end] == '/':
            try: os.mkdir(path[:end])
            except OSError: pass
    with open(source, 'rb') as read, open(path, 'wb') as write: write.write(read.read())

try: os.remove(new + '/MANIFEST')
except OSError: pass
with open(old + '/MANIFEST') as file: manifest = json.load(file)
for name in manifest['files']:
    guard.feed()
    bring(old + '/' + name, new + '/' + name)
guard.feed()
bring('/manifest.{}'.format(3 - manifest['number']), new + '/MANIFEST')
"""
"""As a host does: the other bundle's files, all of which are the same, and its MANIFEST last."""

NUMBER = "import json, sys\nwith open(sys.path[0] + '/MANIFEST') as file: print(json.load(file)['number'])"
FLIP = "install.flip(slots.idle())"


class Aim(StrEnum):
    """What a cut is to interrupt."""

    COPY = "copy"
    FLIP = "flip"
    START = "start"


class Victim:
    """One board whose power is cut again and again; its flash lives on."""

    def __init__(self, image: Path, folder: Path, flash: bytes, seed: str) -> None:
        """`flash` has slot a with bundle 1 confirmed, and `manifest.1` and `manifest.2` at its root."""
        self.struck: Counter[Aim] = Counter()
        self.ran: Counter[int] = Counter()
        """Numbers of the bundles that ran after a cut."""
        self._random = random.Random(seed)
        self._writes = 0
        """Rises of the pin that says that the flash is written."""
        self._writes_of_a_copy = 0
        self._writes_wanted = 0
        self._has_written = asyncio.Event()
        self._manifests = {number: read_flash(flash, f"manifest.{number}") for number in (1, 2)}
        folder.mkdir()
        (folder / "flash.bin").write_bytes(flash)
        self._board = Board(image, folder, pace=Pace.REAL)
        self._board.on_event = self._count

    async def suffer(self, cuts: int) -> None:
        """Lose the power `cuts` times while writing; AssertionError if ever a node is left that does not start."""
        async with self._started() as repl:
            await self._copy(repl)
        misses = 0
        while self.struck.total() < cuts:
            aim = self._random.choice(list(Aim))
            if await self._cut(aim):
                self.struck[aim] += 1
                misses = 0
                self._look_at_chip()
            else:
                misses += 1
                assert misses < _MOST_MISSES, f"{misses} aims in a row at the {aim} met no write"
        async with self._started():
            pass

    async def _cut(self, aim: Aim) -> bool:
        """Whether the cut struck; the board is without power afterwards."""
        async with self._started() as repl:
            if aim is Aim.COPY:
                return await self._strike_copy(repl)
            await self._copy(repl)
            if aim is Aim.FLIP:
                await repl.begin(FLIP)
                return await strike(self._board, self._random, self._random.randrange(_WRITES_OF_A_FLIP), _WRITES_S)
            await repl.run(FLIP)
        await self._board.start(held=True)
        try:
            return await strike(self._board, self._random, self._random.randrange(_WRITES_OF_A_START), _BOOT_S)
        finally:
            await self._board.cut_power()

    async def _copy(self, repl: Repl) -> None:
        before = self._writes
        await repl.run(COPY)
        self._writes_of_a_copy = self._writes - before

    async def _strike_copy(self, repl: Repl) -> bool:
        self._writes_wanted = self._writes + self._random.randrange(1, self._writes_of_a_copy)
        self._has_written.clear()
        await repl.begin(COPY)
        ended, written = asyncio.create_task(repl.finish()), asyncio.create_task(self._has_written.wait())
        async with asyncio.timeout(_BOOT_S):
            await asyncio.wait([ended, written], return_when=asyncio.FIRST_COMPLETED)
        written.cancel()
        if ended.done():
            await ended
            return False  # this copy needed fewer writes than the last one
        ended.cancel()
        return await strike(self._board, self._random, 0, _WRITES_S)

    @asynccontextmanager
    async def _started(self) -> AsyncIterator[Repl]:
        """Switch it on; once a confirmed slot runs, its prompt. Its power is cut at the end."""
        node = Heard(self._board)
        await self._board.start()
        try:
            # On a busy machine the watchdog may bite in the middle of a start: then there is one more try.
            await node.until(
                lambda: node.said("unenrolled") > 0 and node.said("confirmed slot") >= min(1, node.said(": try "))
            )
            repl = Repl(self._board)
            self.ran[int(await repl.run(NUMBER))] += 1
            yield repl
        finally:
            await self._board.cut_power()

    def _look_at_chip(self) -> None:
        """The pointer is whole, and so is the slot that was confirmed last."""
        chip = self._board.flash.read_bytes()
        pointer = (read_flash(chip, "slot") or b"").decode().split()
        assert len(pointer) == 6, pointer
        files = read_folder(chip, pointer[1])
        content = files.pop(NAME)
        assert content in self._manifests.values()
        hashes = Manifest.parse(content, Path(NAME))[0].files
        assert {path: hashlib.sha256(files[path]).hexdigest() for path in files} == hashes

    def _count(self, event: Event) -> None:
        if event.what == f"gpio{BUSY}" and event.value == 1:
            self._writes += 1
            if self._writes == self._writes_wanted:
                self._has_written.set()
