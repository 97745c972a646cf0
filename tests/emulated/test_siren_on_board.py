"""A siren on a board: its pins, read back over the board's own time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from anju.bench.answering import Answering
from anju.bundle import stage
from anju.emulator.board import Board, Event
from anju.emulator.image import flash_image
from anju.wire import table
from anju.wire.framing import frame_to_stream
from emulated.heard import Heard

pytestmark = pytest.mark.anyio
RELAY, LIGHT, BEEPER = "gpioB4", "gpioB5", "pwmB6"
SLACK_US = 100_000


@pytest.fixture
def anyio_backend() -> str:
    """The one event loop that there is."""
    return "asyncio"


class Ordering(Answering):
    """A concentrator by hand that sounds."""

    _writer: asyncio.StreamWriter

    def sound(self, what: int, seconds: int) -> None:
        """Put an order on the line."""
        command = self._command(table.Order.SOUND, what)._replace(zone=seconds)
        self._writer.write(frame_to_stream(self._seal(command, [])))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        await super()._serve(reader, writer)


class Siren(Heard):
    """A siren node, and all that its pins did."""

    def __init__(self, board: Board, peer: Ordering) -> None:
        super().__init__(board)
        self.peer = peer
        self.events: list[Event] = []
        board.on_event = self.events.append

    def at_us(self, pin: str, level: int) -> list[int]:
        """When an output came to a level."""
        return [event.at_us for event in self.events if (event.what, event.value) == (pin, level)]


@asynccontextmanager
async def _siren(image: Path, folder: Path) -> AsyncIterator[Siren]:
    enrolled = folder / "enrolled"
    enrolled.mkdir()
    peer = Ordering(folder / "line", enrolled, ("siren", "tamper"))
    (folder / "flash.bin").write_bytes(flash_image(stage("qemu_ast1030", folder / "bundle"), enrolled))
    board = Board(image, folder, line=folder / "line")
    siren = Siren(board, peer)
    async with peer:
        await board.start()
        try:
            await siren.until(lambda: siren.said("ready anju/") == 1 and bool(peer.hellos))
            yield siren
        finally:
            await board.stop()


async def test_its_pins_do_what_it_is_told_for_as_long_as_it_is_told(image: Path, tmp_path: Path) -> None:
    async with _siren(image, tmp_path) as siren:
        assert not siren.at_us(RELAY, 1)
        siren.peer.sound(table.Sound.INTRUSION | table.LATCHED_LIGHT, 3)
        await siren.until(lambda: len(siren.at_us(RELAY, 0)) == 1)
        (on_us,), (off_us,) = siren.at_us(RELAY, 1), siren.at_us(RELAY, 0)
        assert 3_000_000 - SLACK_US <= off_us - on_us <= 3_000_000 + SLACK_US
        assert not siren.at_us(LIGHT, 0)

        siren.peer.sound(table.Sound.EXIT, 60)
        await siren.until(lambda: len(siren.at_us(BEEPER, 1500)) >= 3)
        assert siren.at_us(LIGHT, 0)
        first_us, second_us, third_us = siren.at_us(BEEPER, 1500)[:3]
        assert abs((third_us - second_us) - (second_us - first_us)) <= SLACK_US

        siren.peer.sound(table.Sound.QUIET, 0)
        await siren.board.drive("A1", 1)  # it watches its case all the while
        await siren.until(lambda: siren.said("acked ") == 1)
        assert siren.at_us(RELAY, 1) == [on_us]


async def test_after_a_reset_by_its_watchdog_it_is_off_until_it_is_told_again(image: Path, tmp_path: Path) -> None:
    async with _siren(image, tmp_path) as siren:
        siren.peer.sound(table.Sound.INTRUSION | table.LATCHED_LIGHT, 180)
        await siren.until(lambda: bool(siren.at_us(RELAY, 1)))
        siren.board.type(b"\x03")
        await siren.until(lambda: bool(siren.said("KeyboardInterrupt")))
        siren.board.type(b"\x01while True: pass\r\n\x04")
        await siren.until(lambda: siren.said("ready anju/") == 2)
        await siren.until(lambda: siren.peer.hellos[-1].reset_cause == table.ResetCause.WATCHDOG)
        assert [await siren.board.level(pin) for pin in ("B4", "B5")] == [0, 0]
        assert len(siren.at_us(RELAY, 1)) == len(siren.at_us(LIGHT, 1)) == 1
        siren.peer.sound(table.Sound.FIRE, 60)
        await siren.until(lambda: len(siren.at_us(RELAY, 1)) > 1)
