"""What a node on a board has to stand: contacts that bounce without end, and a program that hangs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from anju.bench.answering import Answering
from anju.bundle import stage
from anju.emulator.board import Board
from anju.emulator.image import flash_image
from anju.wire import table
from emulated.heard import Heard

pytestmark = pytest.mark.anyio
INPUTS = ("any_press", "entry", "tamper")
BUTTON, DOOR = "A0", "A1"


@pytest.fixture
def anyio_backend() -> str:
    """The one event loop that there is."""
    return "asyncio"


class Bench(Heard):
    """A node, what it says, and a concentrator that answers it."""

    def __init__(self, board: Board, peer: Answering) -> None:
        super().__init__(board)
        self.peer = peer


@asynccontextmanager
async def _bench(image: Path, folder: Path) -> AsyncIterator[Bench]:
    enrolled = folder / "enrolled"
    enrolled.mkdir()
    peer = Answering(folder / "line", enrolled, INPUTS)
    (folder / "flash.bin").write_bytes(flash_image(stage("qemu_ast1030", folder / "bundle"), enrolled))
    board = Board(image, folder, line=folder / "line")
    bench = Bench(board, peer)
    async with peer:
        await board.start()
        try:
            await bench.until(lambda: bench.said("ready anju/") == 1 and bool(peer.hellos))
            yield bench
        finally:
            await board.stop()


async def test_a_contact_that_bounces_without_end_is_no_flood_and_blocks_nothing(image: Path, tmp_path: Path) -> None:
    """While the door's contact chatters no event is made of it, and the button is heard; when it rests, it counts once."""
    async with _bench(image, tmp_path) as bench:
        await bench.board.drive(DOOR, 1)
        await bench.until(lambda: bench.said("acked ") == 1)
        for edge in range(1000):
            await bench.board.drive(DOOR, edge % 2)
            if edge == 300:
                await bench.board.drive(BUTTON, 1)
        await bench.board.drive(DOOR, 0)
        closed, panic = f"code {int(table.Code.CLOSED)} ", f"code {int(table.Code.PANIC)} "
        await bench.until(
            lambda: any(closed in line for line in bench.lines) and bench.said("acked ") == bench.said("event ")
        )
        assert bench.said(panic) == 1
        assert bench.said("event ") < 20
        assert bench.said("Traceback") == 0


async def test_a_program_that_hangs_is_reset_by_the_watchdog_and_sends_again_what_was_not_acknowledged(
    image: Path, tmp_path: Path
) -> None:
    async with _bench(image, tmp_path) as bench:
        bench.peer.answers = lambda: False
        await bench.board.drive(BUTTON, 1)
        await bench.until(lambda: bench.said("event ") == 1)
        (pressed,) = bench.peer.events
        bench.peer.events.clear()
        bench.board.type(b"\x03")
        await bench.until(lambda: bool(bench.said("KeyboardInterrupt")))
        bench.board.type(b"\x01while True: pass\r\n\x04")
        await bench.until(lambda: bench.said("ready anju/") == 2)
        await bench.until(lambda: bench.peer.hellos[-1].reset_cause == table.ResetCause.WATCHDOG)
        await bench.until(lambda: pressed in bench.peer.events)
        assert not bench.said("acked ")
        bench.peer.answers = lambda: True
        await bench.until(lambda: bench.said(f"acked {pressed}") == 1)
