"""The network between two PCs: a TCP relay that can be cut, and tells when something passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

_PIECE = 65536


class Passing(Enum):
    """What goes over it."""

    REQUEST = "a request goes up"
    ANSWER = "an answer comes down"


class Wire:
    """From a port of this machine to another one."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.tap: Callable[[Passing], object] = lambda _passing: None
        """Called as each piece is about to go on."""
        self._target = target
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._whole = asyncio.Event()
        self._whole.set()
        self._is_refusing = False

    async def open(self, host: str, port: int) -> None:
        """Listen for who calls the other PC."""
        self._server = await asyncio.start_server(self._carry, host, port)

    async def close(self) -> None:
        """Break all off, for good."""
        if self._server:
            self._server.close()
        self.break_off()

    def hold(self) -> None:
        """A cable is pulled: nothing passes, and nobody is told."""
        self._whole.clear()

    def break_off(self) -> None:
        """A switch starts anew: connections end in the middle of a word, and new ones with them."""
        self._is_refusing = True
        for end in list(self._ends):
            end.transport.abort()

    def mend(self) -> None:
        """All is well again; what was held goes on."""
        self._is_refusing = False
        self._whole.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:  # the other PC's service is down
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._ends |= ends
        try:
            await asyncio.gather(
                self._pump(reader, far_writer, Passing.REQUEST), self._pump(far_reader, writer, Passing.ANSWER)
            )
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: Passing) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                await self._whole.wait()
                self.tap(passing)
                writer.write(piece)
                await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.transport.abort()
