"""Listens for panels, on TCP and UDP. Whoever abuses a line loses that line, and takes nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import structlog

from anju.dc09.heard import MOST_MESSAGE
from anju.dutyroom.panels.receiver import Outcome, Receiver

MOST_LINES = 512
"""Connections of panels that have said something that was believed."""
MOST_STRANGERS = 64
"""Connections of whoever has not: the oldest gives way to a new one."""
MOST_REFUSED = 8
"""Messages of one connection that are refused, before it is ended."""
MOST_DATAGRAMS = 64
"""That are dealt with at a time; further ones are lost, and said again."""
STRANGER_S, IDLE_S, MESSAGE_S = 20.0, 3600.0, 10.0
"""How long a connection may be silent: before anything was believed, after it, and within a message."""
_BELIEVED = frozenset({Outcome.TAKEN, Outcome.REPEATED, Outcome.SUPERVISION})
_UNANSWERED = frozenset({Outcome.GARBAGE, Outcome.FLOOD, Outcome.NOT_WRITTEN})
_log = structlog.get_logger()


class Limits(NamedTuple):
    """Seconds of silence; a test has less patience."""

    stranger_s: float = STRANGER_S
    idle_s: float = IDLE_S
    message_s: float = MESSAGE_S


USUAL = Limits()


class Lines:
    """All connections of one listener."""

    def __init__(self, receiver: Receiver, limits: Limits = USUAL) -> None:
        self._receiver = receiver
        self._limits = limits
        self._strangers: dict[asyncio.StreamWriter, None] = {}
        self._known: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends or is ended."""
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task})

    async def close(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._strangers[writer] = None
        while len(self._strangers) > MOST_STRANGERS:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.transport.abort()
        try:
            with suppress(TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._talk(reader, writer)
        finally:
            self._strangers.pop(writer, None)
            self._known.discard(writer)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        origin = str((writer.get_extra_info("peername") or ("?",))[0])
        refused = 0
        while refused < MOST_REFUSED:
            idle_s = self._limits.idle_s if writer in self._known else self._limits.stranger_s
            first = await asyncio.wait_for(reader.readexactly(1), idle_s)
            rest = await asyncio.wait_for(reader.readuntil(b"\r"), self._limits.message_s)
            piece = first + rest
            told = await self._receiver.judge(piece[max(piece.rfind(b"\n"), 0) :], "tcp", origin)
            if told.outcome in _UNANSWERED or told.answer is None:
                return
            if told.outcome in _BELIEVED and not self._is_known(writer):
                return
            refused += told.outcome not in _BELIEVED
            writer.write(told.answer)
            await asyncio.wait_for(writer.drain(), self._limits.message_s)

    def _is_known(self, writer: asyncio.StreamWriter) -> bool:
        """Whether there is room for one more whom to believe."""
        if writer not in self._known:
            if len(self._known) >= MOST_LINES:
                return False
            self._strangers.pop(writer, None)
            self._known.add(writer)
        return True


class Datagrams(asyncio.DatagramProtocol):
    """One socket: a datagram is a message."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # as asyncio calls it
        """It is open."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Have it judged, unless too many wait for that."""
        if len(self._tasks) < MOST_DATAGRAMS:
            task = asyncio.ensure_future(self._answer(data[: MOST_MESSAGE + 1], addr))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        told = await self._receiver.judge(data, "udp", str(addr[0]))
        if told.answer is not None and self._transport is not None:
            self._transport.sendto(told.answer, addr)


@asynccontextmanager
async def tcp(receiver: Receiver, host: str, port: int, limits: Limits = USUAL) -> AsyncIterator[asyncio.Server]:
    """Listen until left; OSError: the address can't be had."""
    lines = Lines(receiver, limits)
    server = await asyncio.start_server(lines.serve, host, port, limit=MOST_MESSAGE)
    try:
        yield server
    finally:
        server.close()
        await lines.close()


@asynccontextmanager
async def udp(receiver: Receiver, host: str, port: int) -> AsyncIterator[asyncio.DatagramTransport]:
    """Listen until left; OSError: the address can't be had."""
    loop = asyncio.get_running_loop()
    transport, _protocol = await loop.create_datagram_endpoint(lambda: Datagrams(receiver), (host, port))
    try:
        yield transport
    finally:
        transport.close()
