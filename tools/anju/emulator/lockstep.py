"""A board and its surroundings in step: while these think, no time passes for the board. Whole scenarios repeat to the bit.

With `Pace.LEAPING` waiting takes no time, so whoever answers a board from outside comes too late, each time differently. A
debugger can hold it, but QEMU (7.2) then leaps to the next moment at which something is due, as if the processor slept. So it is
held only where it is about to sleep anyway and nothing is on its lines: `CLOCK_RESTS` in the port's clock.h.

    board --writes CLOCK_RESTS--> held, its clock already at the moment when it would wake
          <--edges, a byte on its line--
    board --on, until it rests again-->

A byte that is put on the line is taken about 13 ms later (QEMU's own timer of the UART is what is due next), so a frame takes
0.6 s to come in. Frames that go out have the pace of the line.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anju.emulator.board import Board
from anju.emulator.gdb import Gdb

_RESTS = 0x000BFF08
_CLOCK = 0x7E782000
"""Timer 1, in microseconds, downwards from zero: what the port's clock counts."""
_LINE_STATUS = 0x7E783014
_RX_READY = 1


class Lockstep:
    """A board that is held whenever it rests; `async with in_step(board, line)` switches it on."""

    def __init__(self, board: Board, gdb: Gdb, line: socket.socket) -> None:
        self.board = board
        self.now_us = 0
        """The board's clock, 32 bits."""
        self.is_at_rest = False
        """Whether it is about to sleep. If not, it is at its first instruction, or where it was to be held."""
        self._gdb = gdb
        self._line = line
        self._coming = b""
        self._sent = b""

    @property
    def is_told(self) -> bool:
        """Whether everything that it was to be told has reached its UART."""
        return not self._coming

    async def on(self, until: int = 0) -> bytes:
        """Let it live until it rests again; what it has sent on its line meanwhile.

        `until` holds it sooner if it comes there: before a Thumb instruction, the entry of a function say. `is_at_rest` tells
        which it was. Its clock has then leapt to the next moment at which something is due; what follows takes what it takes.
        """
        if self._coming and not await self._gdb.read(_LINE_STATUS) & _RX_READY:
            await asyncio.get_running_loop().sock_sendall(self._line, self._coming[:1])
            self._coming = self._coming[1:]
            while not await self._gdb.read(_LINE_STATUS) & _RX_READY:
                pass  # QEMU has not read its socket yet
        if until:
            await self._gdb.break_at(until)
        if self.is_at_rest:
            await self._gdb.skip()
        else:
            self._gdb.go()
        self.is_at_rest = await self._gdb.stopped() == _RESTS
        if until:
            await self._gdb.unbreak(until)
        self.now_us = -await self._gdb.read(_CLOCK) & 0xFFFFFFFF
        self.take()  # QEMU hands on each byte before the processor runs on
        sent, self._sent = self._sent, b""
        return sent

    def tell(self, data: bytes) -> None:
        """Put bytes on its line, behind those that are still on their way."""
        self._coming += data

    def take(self) -> None:
        """Take in what is on the line. While the board runs too: a socket holds less than 300 bytes that come one by one."""
        with contextlib.suppress(BlockingIOError):
            while piece := self._line.recv(4096):
                self._sent += piece


@asynccontextmanager
async def in_step(board: Board, line: Path) -> AsyncIterator[Lockstep]:
    """Switch on a board whose UART(1) connects to the new socket `line`; it is held at its first instruction."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(line))
        server.listen()
        server.setblocking(False)
        await board.start(held=True)
        try:
            end, _ = await asyncio.get_running_loop().sock_accept(server)
            with end:
                end.setblocking(False)
                gdb = await board.debug()
                await gdb.watch(_RESTS)
                step = Lockstep(board, gdb, end)
                loop = asyncio.get_running_loop()
                loop.add_reader(end, step.take)
                try:
                    yield step
                finally:
                    loop.remove_reader(end)
        finally:
            await board.kill()
