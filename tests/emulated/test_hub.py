"""The serial bus between boards and concentrator: who hears what, and what happens to a frame on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from anju.emulator.hub import DOWN, UP, Carry, Hub

pytestmark = pytest.mark.anyio
PATIENCE_S = 60
CALL = b"?"
"""What ends say until all of them are on the bus; passed over from then on."""


class End:
    """Somebody on the bus."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, piece: bytes) -> None:
        """Send."""
        self._writer.write(piece)
        await self._writer.drain()

    async def hear(self) -> bytes:
        """The next frame, without its end."""
        frame = CALL
        async with asyncio.timeout(PATIENCE_S):
            while frame == CALL:
                frame = (await self._reader.readuntil(b"\0"))[:-1]
        return frame

    async def call(self, *others: End) -> None:
        """Say something until the others have heard it."""
        hearing = [asyncio.create_task(other._reader.readuntil(b"\0")) for other in others]
        while not all(task.done() for task in hearing):
            await self.say(CALL + b"\0")
            await asyncio.wait(hearing, timeout=0.01)

    def leave(self) -> None:
        """Hang up."""
        self._writer.close()


class Bus(NamedTuple):
    """A hub with two boards and a concentrator on it."""

    hub: Hub
    board: End
    other: End
    concentrator: End


@asynccontextmanager
async def _bus(folder: Path) -> AsyncIterator[Bus]:
    path = folder / "bus"
    async with Hub(path) as hub:
        board, other = [End(*await asyncio.open_unix_connection(path)) for _ in range(2)]
        place = urlsplit(hub.url)
        concentrator = End(*await asyncio.open_connection(place.hostname, place.port))
        await concentrator.call(board, other)
        await board.call(concentrator)
        yield Bus(hub, board, other, concentrator)
        for end in (board, other, concentrator):
            end.leave()


async def test_a_frame_reaches_everybody_but_its_sender(tmp_path: Path) -> None:
    async with _bus(tmp_path) as bus:
        await bus.board.say(b"from the board\0")
        assert await bus.other.hear() == await bus.concentrator.hear() == b"from the board"
        await bus.concentrator.say(b"to the boards\0")
        assert await bus.board.hear() == await bus.other.hear() == b"to the boards"


async def test_frames_that_are_sent_at_once_follow_one_another(tmp_path: Path) -> None:
    async with _bus(tmp_path) as bus:
        await bus.board.say(b"first half, ")
        await bus.other.say(b"in between\0")
        assert await bus.concentrator.hear() == b"in between"
        await bus.board.say(b"second half\0\0next\0")
        assert [await bus.concentrator.hear() for _ in range(2)] == [b"first half, second half", b"next"]


async def test_noise_without_an_end_travels_and_blocks_nobody(tmp_path: Path) -> None:
    async with _bus(tmp_path) as bus:
        await bus.board.say(bytes([0x55]) * 1500)
        assert await bus.concentrator.hear() == bytes([0x55]) * 1500
        await bus.board.say(b"\0frame\0")
        assert await bus.concentrator.hear() == b"frame"


async def test_a_board_that_loses_its_power_leaves_the_others_alone(tmp_path: Path) -> None:
    async with _bus(tmp_path) as bus:
        await bus.board.say(b"half a fra")
        bus.board.leave()
        for number in range(100):
            await bus.concentrator.say(b"%d\0" % number)
            assert await bus.other.hear() == b"%d" % number
        await bus.other.say(b"heard\0")
        assert await bus.concentrator.hear() == b"heard"


async def test_the_road_loses_doubles_and_holds(tmp_path: Path) -> None:
    """What was held is not heard by the concentrator that sent it."""
    held: list[tuple[str, bytes]] = []
    late: list[Carry] = []

    def road(deliver: Carry) -> Carry:
        def carry(way: str, frame: bytes) -> None:
            if way == UP and frame == b"lost\0":
                return
            if way == DOWN:
                held.append((way, frame))
                return
            deliver(way, frame)
            deliver(way, frame)

        late.append(deliver)
        return carry

    async with _bus(tmp_path) as bus:
        bus.hub.through(road)
        await bus.board.say(b"lost\0kept\0")
        assert [await bus.concentrator.hear() for _ in range(2)] == [b"kept", b"kept"]
        await bus.concentrator.say(b"late\0")
        await bus.board.say(b"meanwhile\0")
        assert [await bus.other.hear() for _ in range(4)] == [b"kept", b"kept", b"meanwhile", b"meanwhile"]
        async with asyncio.timeout(PATIENCE_S):
            while not held:
                await asyncio.sleep(0)
        late[0](*held.pop())
        assert await bus.board.hear() == await bus.other.hear() == b"late"
        await bus.board.say(b"last\0")
        assert [await bus.concentrator.hear() for _ in range(4)] == [b"meanwhile", b"meanwhile", b"last", b"last"]
