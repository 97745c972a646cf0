"""A serial bus: boards at one end, the concentrator at the other, and what happens to a frame between them.

Whole frames travel, from one zero byte to the next; two that are sent at once follow one another and don't collide. A frame
that somebody sends reaches everybody else on the bus, as on RS-485. With one board on it, a bus is a line.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

_END = b"\0"
_LONGEST = 1024
"""No frame is longer; what has no end by then is noise, and travels as it is."""


UP, DOWN = "up", "down"
"""Which way a frame goes."""
Carry: TypeAlias = Callable[[str, bytes], None]
Road: TypeAlias = Callable[[Carry], Carry]
"""Given what delivers a frame, returns what takes one in: it may lose, hold or double it on the way."""


class Hub:
    """`async with Hub(folder/"line")`: boards connect to that socket, the concentrator to `url`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._carry: Carry = self._deliver
        self._ends: dict[asyncio.StreamWriter, str] = {}
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sender: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        self._servers = [
            await asyncio.start_unix_server(lambda reader, writer: self._serve(reader, writer, UP), self._path),
            await asyncio.start_server(lambda reader, writer: self._serve(reader, writer, DOWN), "127.0.0.1", 0),
        ]
        host, port = self._servers[1].sockets[0].getsockname()
        self.url = f"socket://{host}:{port}"
        """The concentrator's end, as pyserial names it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def through(self, road: Road) -> None:
        """From now on frames take this road; without, they arrive as they are."""
        self._carry = road(self._deliver)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._tasks.add(task)
        self._ends[writer] = way
        waiting = b""
        try:
            while piece := await reader.read(4096):
                *frames, waiting = (waiting + piece).split(_END)
                if len(waiting) > _LONGEST:
                    frames, waiting = [*frames, waiting], b""
                for frame in frames:
                    if frame:
                        self._take(way, frame + _END, writer)
        except ConnectionError:
            pass  # a board that lost its power
        finally:
            del self._ends[writer]
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _take(self, way: str, frame: bytes, sender: asyncio.StreamWriter) -> None:
        self._sender = sender
        self._carry(way, frame)
        self._sender = None

    def _deliver(self, way: str, frame: bytes) -> None:
        """To everybody but the sender. One that was held on the way is heard by the sender too, who passes over it."""
        for end in self._ends:
            if end is not self._sender and (UP in (way, self._ends[end])):
                end.write(frame)
