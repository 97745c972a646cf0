"""HTTP to a service on this machine, over its Unix socket: one question, one answer, within limits.

It stands on httpcore, the engine of httpx, with asyncio's own streams below it: httpx would read through anyio, which logs
an error for each task that is cancelled in the moment its answer arrives, as happens when a service is stopped.

    NoAnswer   no good answer came in time; the cause says why
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpcore

MOST_BYTES = 2 * 1024 * 1024
"""Length of an answer; a receipt for a full batch has about 60 KB."""

_HEADERS: Mapping[bytes | str, bytes | str] = {"content-type": "application/json", "accept-encoding": "identity"}


class NoAnswer(Exception):
    """The service is not there, or its answer is an error, late, too long or not HTTP."""


class LocalHttp:
    """A client of one service; its connections are kept and opened again as needed."""

    def __init__(self, socket: Path, base: str) -> None:
        """`base` is the beginning of every address, such as http://duty-room/uplink/v1."""
        self._base = base
        self._pool = httpcore.AsyncConnectionPool(uds=str(socket), network_backend=_Backend())

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def ask(self, method: str, path: str, within_s: float, content: bytes = b"") -> bytes:
        """The body of a good answer (status 200); NoAnswer for anything else, and after `within_s`."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(within_s),
                self._pool.stream(method, f"{self._base}/{path}", headers=_HEADERS, content=content) as answer,
            ):
                if answer.status != 200:
                    raise NoAnswer(f"status {answer.status}")
                async for piece in answer.aiter_stream():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise NoAnswer(f"an answer of more than {MOST_BYTES} bytes")
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise NoAnswer(repr(error)) from error
        return bytes(body)


class _Stream(httpcore.AsyncNetworkStream):
    """Limits of time and options of sockets are not for us: `ask` limits the whole."""

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
    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> _Stream:
        return _Stream(*await asyncio.open_unix_connection(path))
