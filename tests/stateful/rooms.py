"""What state machines of a concentrator on real files stand on: they open it, close it and wait for it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from unit.concentrator.harness import Bench, HandClock, bench

T = TypeVar("T")


class OnFiles(RuleBasedStateMachine):
    """A concentrator's rooms in a folder that is gone in the end; `open` and `close` are a restart."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name)
        self.clock = HandClock()

    def ends(self) -> None:
        """However it went, nothing is left of it; what has to hold in the end is looked at before."""
        self.close()
        self.runner.close()
        self.scratch.cleanup()

    def run(self, doing: Awaitable[T]) -> T:
        async def done() -> T:
            return await doing

        return self.runner.run(done())

    def open(self) -> None:
        self.stack = AsyncExitStack()
        self.rooms: Bench = self.run(self.stack.enter_async_context(bench(self.folder, self.clock)))

    def close(self) -> None:
        self.run(self.stack.aclose())
