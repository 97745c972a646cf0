"""HTTP to one service, over a Unix socket of this machine or another stream: one question, one answer, within limits.

It stands on httpcore, the engine of httpx, with asyncio's own streams below it: httpx would read through anyio, which logs
an error for each task that is cancelled in the moment its answer arrives, as happens when a service is stopped.

    NoAnswer   no good answer came in time; the cause says why
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpcore

from anju.uplink.reports import MOST_BYTES

_HEADERS: Mapping[bytes | str, bytes | str] = {"content-type": "application/json", "accept-encoding": "identity"}


class NoAnswer(Exception):
    """The service is not there, or its answer is an error, late, too long or not HTTP."""


class Answer(NamedTuple):
    """What came back, whatever its status; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class LocalHttp:
    """A client of one service; its connections are kept and opened again as needed."""

    def __init__(self, socket: Path | None, base: str, backend: httpcore.AsyncNetworkBackend | None = None) -> None:
        """`base` is the beginning of every address, such as http://duty-room/uplink/v1. Without a socket, `backend` connects."""
        self._base = base
        self._pool = httpcore.AsyncConnectionPool(
            uds=None if socket is None else str(socket), network_backend=backend or _Backend()
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def ask(self, method: str, path: str, within_s: float, content: bytes = b"") -> bytes:
        """The body of a good answer (status 200); NoAnswer for anything else, and after `within_s`."""
        answer = await self.send(method, path, within_s, content)
        if answer.status != 200:
            raise NoAnswer(f"status {answer.status}")
        return answer.body

    async def send(
        self, method: str, path: str, within_s: float, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Any answer; NoAnswer if none came within `within_s`, or one that is too long."""
        body = bytearray()
        told: list[tuple[bytes | str, bytes | str]] = [*_HEADERS.items(), *(headers or {}).items()]
        try:
            async with (
                asyncio.timeout(within_s),
                self._pool.stream(method, f"{self._base}/{path}", headers=told, content=content) as answer,
            ):
                async for piece in answer.aiter_stream():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise NoAnswer(f"an answer of more than {MOST_BYTES} bytes")
                known = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise NoAnswer(repr(error)) from error
        return Answer(answer.status, known, bytes(body))


class Stream(httpcore.AsyncNetworkStream):
    """asyncio's own streams. Limits of time and options of sockets are not for us: `ask` limits the whole."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        self._writer.write(buffer)
        await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.close()

    def get_extra_info(self, info: str) -> Any:
        # How httpcore asks whether an idle connection was closed by the other end.
        return self._reader.at_eof() if info == "is_readable" else None


class _Backend(httpcore.AsyncNetworkBackend):
    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> Stream:
        return Stream(*await asyncio.open_unix_connection(path))
