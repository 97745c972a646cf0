"""QEMU's debugger port: the processor stops where it is about to write to an address, or to carry out what stands there."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from anju.emulator.qmp import QmpError

_STOPPED = re.compile(rb"T05.*?(?:watch:([0-9a-f]+);|$)")
_PC = slice(15 * 8, 16 * 8)
"""Of the hexadecimal digits that tell all registers."""
_THUMB = 1
_LONG_THUMB = (0b11101, 0b11110, 0b11111)
"""Highest five bits of an instruction's first half if it has two."""


class Gdb:
    """A remote debugger that knows of write watchpoints and breakpoints, and reads a little."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._breaks: set[int] = set()

    @classmethod
    async def connect(cls, path: Path) -> Gdb:
        """Speak to the QEMU that serves this socket, which stops the processor; OSError if none does yet."""
        gdb = cls(*await asyncio.open_unix_connection(path))
        await gdb._ask(b"?")
        return gdb

    async def watch(self, address: int) -> None:
        """Stop before each write to the word at `address`."""
        await self._ask(b"Z2,%x,4" % address)

    async def unwatch(self, address: int) -> None:
        """Don't stop there any more."""
        await self._ask(b"z2,%x,4" % address)

    async def break_at(self, address: int) -> None:
        """Stop before the Thumb instruction at `address`."""
        self._breaks.add(address)
        await self._ask(b"Z0,%x,2" % address)

    async def unbreak(self, address: int) -> None:
        """Don't stop there any more."""
        self._breaks.remove(address)
        await self._ask(b"z0,%x,2" % address)

    async def step_past(self, address: int) -> None:
        """Carry out the write that it stopped before, and no more."""
        await self.unwatch(address)
        await self._ask(b"s")
        await self.watch(address)

    def go(self) -> None:
        """Let the processor run; `stopped` tells when it has stopped."""
        self._send(b"c")

    async def stopped(self) -> int:
        """Wait until it has stopped; the address it is about to write to, or the breakpoint it has come to."""
        packet = await self._receive()
        found = _STOPPED.match(packet)
        if found is not None and found[1] is not None:
            return int(found[1], 16)
        place = await self._place()
        if found is None or place not in self._breaks:
            raise QmpError(f"the processor stopped for no reason of ours: {packet.decode(errors='replace')}")
        return place

    async def skip(self) -> None:
        """Let the processor run on behind the write it stopped before, which is not carried out.

        For writes that nobody needs: `step_past` makes QEMU translate the whole program anew, some 10 ms each time.
        """
        place = await self._place()
        size = 4 if await self.read(place, 2) >> 11 in _LONG_THUMB else 2
        self._send(b"c%x" % (place + size | _THUMB))

    async def read(self, address: int, size: int = 4) -> int:
        """What stands at `address`: memory, or a device's register."""
        return _number(await self._ask(b"m%x,%x" % (address, size)))

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def _place(self) -> int:
        return _number((await self._ask(b"g"))[_PC])

    async def _ask(self, packet: bytes) -> bytes:
        self._send(packet)
        return await self._receive()

    def _send(self, packet: bytes) -> None:
        self._writer.write(b"$%s#%02x" % (packet, sum(packet) % 256))

    async def _receive(self) -> bytes:
        try:
            packet = (await self._reader.readuntil(b"#"))[:-1]
            await self._reader.readexactly(2)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise QmpError("QEMU has ended") from error
        self._writer.write(b"+")
        return packet[packet.index(b"$") + 1 :]


def _number(digits: bytes) -> int:
    return int.from_bytes(bytes.fromhex(digits.decode()), "little")
