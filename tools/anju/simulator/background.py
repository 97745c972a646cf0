"""Work that goes on beside the main road, and fails loudly."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


class Background:
    """Tasks that end with the block that they are started in; what one of them raises, `until` raises."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Begin some work."""
        self._tasks.add(asyncio.create_task(work))

    async def until(self, goal: Coroutine[Any, Any, Result], timeout_s: float | None = None) -> Result:
        """The result of `goal`; TimeoutError after `timeout_s`, and whatever a task raises meanwhile."""
        wanted = asyncio.create_task(goal)
        try:
            async with asyncio.timeout(timeout_s):
                while not wanted.done():
                    running = {task for task in self._tasks if not task.done()}
                    await asyncio.wait({wanted, *running}, return_when=asyncio.FIRST_COMPLETED)
                    self._check()
            return wanted.result()
        finally:
            wanted.cancel()

    def _check(self) -> None:
        for task in self._tasks:
            if task.done():
                try:
                    task.result()
                except BaseExceptionGroup as group:
                    raise innermost(group) from group


def innermost(error: BaseException) -> BaseException:
    """What went wrong, out of the groups in which tasks wrap it; a group of several stays one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
