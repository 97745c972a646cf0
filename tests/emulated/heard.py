"""What a board says at its console."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from anju.emulator.board import Board
from anju.emulator.console import Lines

PATIENCE_S = 120


class Heard:
    """All lines of a board, from now on."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.lines: list[str] = []
        board.on_text = Lines(self.lines.append).feed

    def said(self, words: str) -> int:
        """How many lines have this in them."""
        return sum(words in line for line in self.lines)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something; what the board said explains why it did not come."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(self.lines) from None
