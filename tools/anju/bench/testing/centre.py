"""An alarm receiving centre that speaks SIA DC-09 over TCP on the loopback address, and remembers what it was told."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from anju.dc09 import frame

HOST = "127.0.0.1"
UNREADABLE = b"\n\r"
"""What is said of a frame whose CRC is wrong."""
_NULL = "NULL"
_FRAME = re.compile(
    rb'\n([0-9A-F]{4})(0[0-9A-F]{3})("(\*?)(ADM-CID|SIA-DCS|NULL)"(\d{4})R\d+L[0-9A-F]+#([0-9A-F]{3,16})\[([^\r\n]*))\r'
)
_CLEAR = re.compile(r"([^\[\]]*)\]((?:\[[^\[\]]*\])*)_\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}")


class Told(NamedTuple):
    """A message: `content` is what stands between the brackets, `extra` a further pair of them."""

    name: str
    sequence: int
    account: str
    content: str
    extra: str


Say = Callable[["FakeCentre", Told], Awaitable[bytes | None]]
"""What is said of a message, None: nothing. Whoever takes it calls `take`."""


async def acknowledge(centre: FakeCentre, told: Told) -> bytes | None:
    """As it should be: it is taken, and then acknowledged."""
    centre.take(told)
    return centre.answer("ACK", told)


async def be_silent(_centre: FakeCentre, _told: Told) -> bytes | None:
    """It accepts connections, reads, and never answers."""
    return None


class FakeCentre:
    """Between `open` and `close` it listens. `unreadable` counts frames that are not as the standard has them."""

    def __init__(self, port: int, key: bytes | None = None, say: Say = acknowledge) -> None:
        self.port = port
        self.say = say
        self.taken: list[Told] = []
        """Events, without supervision, in the order in which they were taken."""
        self.unreadable = 0
        self._key = key
        self._server: asyncio.Server | None = None
        self._lines: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def close(self) -> None:
        """End all at once, as a process does that is killed."""
        if self._server:
            self._server.close()
        served = list(self._lines.values())
        for task in served:
            task.cancel()
        self.hang_up()
        await asyncio.gather(*served, return_exceptions=True)

    def hang_up(self) -> None:
        """Break all connections off."""
        for line in list(self._lines):
            line.transport.abort()

    def break_off(self, said: bytes) -> None:
        """Half of what is said goes out, and all connections end."""
        for line in list(self._lines):
            line.write(said[: len(said) // 2])
            line.close()

    def take(self, told: Told) -> None:
        """From now on it knows of it."""
        if told.name != _NULL:
            self.taken.append(told)

    def answer(self, kind: str, told: Told, *, off: int = 0) -> bytes:
        """ACK encrypted where the line is, NAK under no number, both with the time; `off`: to another number than was asked."""
        key, sequence = (None, 0) if kind == "NAK" else (self._key, (told.sequence + off) % (frame.LAST_SEQUENCE + 1))
        return frame.build(frame.Message(kind, sequence, told.account), "0", dt.datetime.now(dt.UTC), key)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a server's callback runs in one
        self._lines[writer] = task
        try:
            with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
                while True:
                    told = self._read(await reader.readuntil(b"\r"))
                    said = UNREADABLE if told is None else await self.say(self, told)
                    if said is not None:
                        writer.write(said)
                        await writer.drain()
        finally:
            del self._lines[writer]
            writer.transport.abort()

    def _read(self, raw: bytes) -> Told | None:
        found = _FRAME.fullmatch(raw)
        if found and int(found[1], 16) == frame.crc(found[3]) and int(found[2], 16) == len(found[3]):
            with suppress(ValueError):
                clear = _CLEAR.fullmatch(self._opened(found[8].decode("ascii"), is_sealed=bool(found[4])))
                if clear:
                    return Told(found[5].decode(), int(found[6]), found[7].decode(), clear[1], clear[2])
        self.unreadable += 1
        return None

    def _opened(self, rest: str, *, is_sealed: bool) -> str:
        """What follows the account; ValueError where it is not encrypted as was agreed."""
        if is_sealed != (self._key is not None):
            raise ValueError(rest)
        if self._key is None:
            return rest
        opening = Cipher(algorithms.AES(self._key), modes.CBC(bytes(16))).decryptor()
        pad, bar, clear = (opening.update(bytes.fromhex(rest)) + opening.finalize()).decode("ascii").partition("|")
        if not bar or not 16 <= len(pad) < 32:
            raise ValueError(pad)
        return clear
