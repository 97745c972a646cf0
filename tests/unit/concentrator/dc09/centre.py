"""A receiving centre on 127.0.0.1 that looks at every byte with strict eyes and then answers as a test says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

from unit.concentrator.dc09.strict import Seen, answer, see

Say = Callable[["Centre", Seen], "bytes | None"]


def acknowledge(centre: Centre, seen: Seen) -> bytes | None:
    """As it should be."""
    return answer("ACK", seen, centre.key)


def silent(_centre: Centre, _seen: Seen) -> bytes | None:
    """Nobody is at home."""
    return None


class Centre(asyncio.DatagramProtocol):
    """What it has seen, and what it says."""

    def __init__(self, key: bytes | None = None, say: Say = acknowledge) -> None:
        self.key = key
        self.say = say
        self.seen: list[Seen] = []
        self.wrong: list[str] = []
        self.hangs_up = False
        """Once it has answered."""
        self.port = 0
        self._datagrams: asyncio.DatagramTransport | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    @property
    def events(self) -> list[Seen]:
        """Without supervision."""
        return [one for one in self.seen if one.id != "NULL"]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._datagrams = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        said = self._hear(data)
        if said is not None and self._datagrams:
            self._datagrams.sendto(said, addr)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._lines.add(writer)
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                said = self._hear(await reader.readuntil(b"\r"))
                if said is not None:
                    writer.write(said)
                    await writer.drain()
                if self.hangs_up:
                    break
        writer.close()

    def hang_up(self) -> None:
        """End all connections."""
        for line in self._lines:
            line.transport.abort()

    def _hear(self, raw: bytes) -> bytes | None:
        try:
            seen = see(raw, self.key)
        except AssertionError as error:
            self.wrong.append(str(error))
            return None
        self.seen.append(seen)
        return self.say(self, seen)


@asynccontextmanager
async def over_tcp(centre: Centre, tls: ssl.SSLContext | None = None) -> AsyncIterator[Centre]:
    """It listens within the block, and has found nothing wrong in the end."""
    server = await asyncio.start_server(centre.serve, "127.0.0.1", centre.port, ssl=tls)
    centre.port = server.sockets[0].getsockname()[1]
    try:
        yield centre
    finally:
        server.close()
        centre.hang_up()
    assert centre.wrong == []


@asynccontextmanager
async def over_udp(centre: Centre) -> AsyncIterator[Centre]:
    """The same, by datagrams."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: centre, local_addr=("127.0.0.1", centre.port))
    centre.port = transport.get_extra_info("sockname")[1]
    try:
        yield centre
    finally:
        transport.close()
    assert centre.wrong == []
