"""A board's Python prompt in raw mode, where a program goes in and what it printed comes out.

begin   Ctrl-C twice, Ctrl-A, the program, Ctrl-D     ->  OK
finish                                                ->  what it printed, 0x04, its traceback, 0x04, >
"""

from __future__ import annotations

import asyncio

from anju.emulator.board import Board

_INTERRUPT, _RAW_MODE, _END = b"\x03", b"\x01", b"\x04"
_MOST_BYTES = 1 << 20


class ProgramError(Exception):
    """A program ended with an exception: its traceback. Or the board did: what was printed until then."""


class Repl:
    """Takes over what the board's console says."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._heard = asyncio.StreamReader(_MOST_BYTES)

    async def run(self, program: str) -> str:
        """Run Python there and return what it printed; ProgramError with its traceback if it failed."""
        await self.begin(program)
        return await self.finish()

    async def begin(self, program: str) -> None:
        """Start Python there, after whatever ran was interrupted."""
        self._heard = asyncio.StreamReader(_MOST_BYTES)
        self._board.on_text = self._hear
        self._board.type(b"\r" + 2 * _INTERRUPT + _RAW_MODE)
        await self._until(b"raw REPL; CTRL-B to exit\r\n>")
        self._board.type(program.encode() + _END)
        await self._until(b"OK")

    async def finish(self) -> str:
        """What a program that has begun printed, once it has ended; ProgramError with its traceback if it failed."""
        printed, failure = await self._until(_END), await self._until(_END)
        await self._until(b">")
        if failure:
            raise ProgramError(failure.decode(errors="replace"))
        return printed.decode(errors="replace").replace("\r\n", "\n")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._board.type(_INTERRUPT)

    def _hear(self, piece: bytes) -> None:
        if piece:
            self._heard.feed_data(piece)
        else:
            self._heard.feed_eof()

    async def _until(self, end: bytes) -> bytes:
        try:
            return (await self._heard.readuntil(end)).removesuffix(end)
        except asyncio.IncompleteReadError as error:
            said = error.partial.decode(errors="replace")
            raise ProgramError(f"the board's console ended after {said!r}") from None
