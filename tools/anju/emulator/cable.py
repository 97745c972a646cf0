"""A board's console as a serial port of this machine: a pseudo-terminal that any tool can open by its path."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from anju.emulator.board import Board, Pace
from anju.emulator.image import BLANK

_BITS_A_BYTE = 10
_PIECE_BYTES = 64
"""Travel together at a pace; short beside what a tool waits for."""
_FIRST_ID = 0x1000


@asynccontextmanager
async def cabled(
    image: Path, folder: Path, count: int, baud: int | None = None
) -> AsyncIterator[tuple[list[Board], list[Cable]]]:
    """So many new boards with blank chips, switched on, each with an id and a cable of its own."""
    async with AsyncExitStack() as stack:
        made, cables = [], []
        for number in range(count):
            place = folder / f"board{number}"
            place.mkdir()
            (place / "flash.bin").write_bytes(BLANK)
            board = Board(image, place, pace=Pace.REAL, unique_id=_FIRST_ID + number)
            stack.push_async_callback(board.stop)
            cables.append(await stack.enter_async_context(Cable(board, baud)))
            await board.start()
            made.append(board)
        yield made, cables


class Cable:
    """`async with Cable(board) as cable`: tools open `cable.url`, whether the board has power or not.

    As on a real line, what the board says while nobody reads is lost in the end (a terminal holds some kilobytes). With `baud`,
    bytes take as long in both directions as at that rate; without, they don't wait.
    """

    def __init__(self, board: Board, baud: int | None = None) -> None:
        self._board = board
        self._baud = baud
        self._up: asyncio.Queue[bytes] = asyncio.Queue()
        self._down: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self.bytes_down = 0
        """Towards the board, so far."""

    async def __aenter__(self) -> Self:
        self._ours, self._theirs = os.openpty()  # theirs stays open here: else it would hang up whenever a tool ends
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.url = os.ttyname(self._theirs)
        """The port's path."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._ours, self._take)
        heard = self._board.on_text

        def hear(piece: bytes) -> None:
            heard(piece)
            self._up.put_nowait(piece)

        self._board.on_text = hear
        self._tasks = [
            loop.create_task(self._carry(self._down, self._board.type)),
            loop.create_task(self._carry(self._up, self._show)),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def unplug(self) -> None:
        """Whoever has it open finds it gone."""
        if self._ours >= 0:
            asyncio.get_running_loop().remove_reader(self._ours)
            os.close(self._ours)
            os.close(self._theirs)
            self._ours = -1

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            piece = os.read(self._ours, 4096)
            self.bytes_down += len(piece)
            self._down.put_nowait(piece)

    def _show(self, piece: bytes) -> None:
        with contextlib.suppress(OSError):  # full, or unplugged
            os.write(self._ours, piece)

    async def _carry(self, queue: asyncio.Queue[bytes], deliver: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        free_at = 0.0
        while True:
            whole = await queue.get()
            if self._baud is None:
                deliver(whole)
                continue
            for place in range(0, len(whole), _PIECE_BYTES):
                piece = whole[place : place + _PIECE_BYTES]
                free_at = max(free_at, loop.time()) + len(piece) * _BITS_A_BYTE / self._baud
                await asyncio.sleep(free_at - loop.time())
                deliver(piece)
