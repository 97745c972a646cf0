"""Ways to a receiver: TCP, TLS over it, or UDP. Each sends a frame and hands over what comes back, a piece up to CR at a time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

from anju.concentrator.core.ports import Undelivered
from anju.concentrator.destinations import waiting
from anju.concentrator.destinations.names import reached
from anju.dc09.frame import MOST_ANSWER
from anju.service.i18n import _

_MOST_WAITING = 16
Open = Callable[[], Awaitable["Line"]]


class Line(Protocol):
    """A way that is open. Undelivered: it has ended."""

    async def send(self, frame: bytes) -> None:
        """Hand a frame over."""

    async def receive(self) -> bytes:
        """The next piece that has come, from its LF to its CR; whatever it is."""

    def close(self) -> None:
        """End it."""


class TcpLine:
    """A connection; TLS is its own matter."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None) -> TcpLine:
        """Connect. OSError: nobody is there, or its certificate is not to be trusted."""
        name = host if tls else None

        async def connect(address: str) -> TcpLine:
            return cls(*await asyncio.open_connection(address, port, ssl=tls, server_hostname=name, limit=MOST_ANSWER))

        return await reached(host, connect)

    async def send(self, frame: bytes) -> None:
        """Hand a frame over."""
        self._writer.write(frame)
        await self._writer.drain()

    async def receive(self) -> bytes:
        """The next piece."""
        try:
            piece = await self._reader.readuntil(b"\r")
        except asyncio.IncompleteReadError as error:
            raise Undelivered(_("the receiver closed the connection")) from error
        except asyncio.LimitOverrunError as error:
            raise Undelivered(_("what it says is longer than any answer")) from error
        return piece[max(piece.rfind(b"\n"), 0) :]

    def close(self) -> None:
        """End the connection at once: there is nothing in it to wait for."""
        self._writer.transport.abort()


class UdpLine(asyncio.DatagramProtocol):
    """A socket that hears one receiver only."""

    def __init__(self) -> None:
        self._come: asyncio.Queue[bytes | Exception] = asyncio.Queue(_MOST_WAITING)
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> UdpLine:
        """Bind to a receiver. OSError: its name is not known."""
        loop = asyncio.get_running_loop()
        line = cls()

        async def bind(address: str) -> UdpLine:
            line._transport, _protocol = await loop.create_datagram_endpoint(lambda: line, remote_addr=(address, port))
            return line

        return await reached(host, bind)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002  # as asyncio calls it
        """Keep it, unless too many wait."""
        if not self._come.full():
            self._come.put_nowait(data[: MOST_ANSWER + 1])

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there."""
        if not self._come.full():
            self._come.put_nowait(exc)

    async def send(self, frame: bytes) -> None:
        """Hand a frame over."""
        if self._transport:
            self._transport.sendto(frame)

    async def receive(self) -> bytes:
        """The next datagram."""
        come = await self._come.get()
        if isinstance(come, Exception):
            raise Undelivered(waiting.reason(come)) from come
        return come

    def close(self) -> None:
        """Give the socket back."""
        if self._transport:
            self._transport.close()
