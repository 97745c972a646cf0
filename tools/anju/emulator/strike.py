"""Stops a board in the middle of writing its flash, so that a power cut then leaves what a cut in the middle leaves.

How it is known that it is writing: the board holds pin P7 high from the first byte of a write or erase of its chip to the end. A
debugger stops the processor where that pin rises, and then at each word that goes to the chip. At a word that chance has chosen
the pin is read once more: the chip then holds the pieces of 16 bytes that were through. A write with fewer words than chosen
goes on to its end, and the next one is met.
"""

from __future__ import annotations

import asyncio
import random

from anju.emulator.board import Board
from anju.emulator.gdb import Gdb

BUSY = "P7"
_BUSY_PORT = 0x7E780078
"""The register of P7's level; nothing else that this board drives is in it."""
_CHIP = 0x80000000
"""Where words and bytes to the chip are written."""
_MOST_WORDS_LOG2 = 5.8
"""A strike is at the 2 ** (0 to this)th word of a write: commands and addresses as often as data. 128 bytes take 56."""
_PAUSE_S = 3.0
"""One that has written goes on to its next write sooner than this, or has none."""


async def strike(board: Board, chance: random.Random, writes_to_pass: int, patience_s: float) -> bool:
    """Stop the processor in the middle of a write, after so many others; False if it does not write within
    `patience_s`, or has ended what it had to write."""
    gdb = await board.debug()
    await gdb.watch(_BUSY_PORT)
    while True:
        gdb.go()
        try:
            async with asyncio.timeout(patience_s):
                await gdb.stopped()
        except TimeoutError:
            return False
        patience_s = min(patience_s, _PAUSE_S)
        await gdb.step_past(_BUSY_PORT)
        if not await board.level(BUSY):
            continue  # the end of a write
        if writes_to_pass:
            writes_to_pass -= 1
        elif await _go_into_write(board, gdb, int(2 ** chance.uniform(0, _MOST_WORDS_LOG2))):
            return True


async def _go_into_write(board: Board, gdb: Gdb, count: int) -> bool:
    """Let `count` words go to the chip; False if the write had fewer."""
    await gdb.watch(_CHIP)
    for _word in range(count):
        gdb.go()
        place = await gdb.stopped()
        await gdb.step_past(place)
        if place == _BUSY_PORT:
            await gdb.unwatch(_CHIP)
            return False
    return bool(await board.level(BUSY))
