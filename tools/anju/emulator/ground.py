"""Emulated boards as the nodes of an estate: a serial bus for one flat or several, and the same words as other nodes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from anju.bundle import stage
from anju.emulator.board import Board, Event, Pace
from anju.emulator.console import Lines
from anju.emulator.hub import Hub, Road
from anju.emulator.image import firmware, flash_image
from anju.emulator.qmp import QmpError

_OUTPUTS = {"gpioB0": "led_green", "gpioB1": "led_amber", "gpioB2": "led_red"}
"""As `boards/qemu_ast1030/board.py` has them."""
_BUZZER = "pwmB3"


class Air(Protocol):
    """What decides about the frames of a line."""

    def road(self, name: str, deliver: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        """A passage through it."""


class Boards:
    """Nodes as emulated boards on serial lines: for depth."""

    most_flats = 16  # a concentrator has so many serial lines
    is_quick = False  # on a busy machine a board's time is slower than the wall's, and a quick press too short for it

    def __init__(self, flats_a_bus: int = 1) -> None:
        self._flats_a_bus = flats_a_bus
        self._open = contextlib.AsyncExitStack()
        self._hubs: list[Hub] = []

    async def open(self, folder: Path, flats: int, environment: Mapping[str, str]) -> Sequence[str]:
        """Stage the bundle and make the buses; the concentrator's ends of these."""
        self._environment = environment
        self._folder = folder
        self._image = await asyncio.to_thread(firmware)
        self._bundle = stage("qemu_ast1030", folder / "bundle")
        for number in range(-(-flats // self._flats_a_bus)):
            self._hubs.append(await self._open.enter_async_context(Hub(folder / f"bus{number}")))
        return [hub.url for hub in self._hubs]

    async def machine(self, flat: int, node: int, store: Path, air: Air) -> EmulatedNode:
        """A board on its flat's bus, with the bundle and its label in the flash."""
        bus = flat // self._flats_a_bus
        self._hubs[bus].through(_road(air, f"bus {bus}"))
        folder = self._folder / f"board{node}"
        folder.mkdir()
        (folder / "flash.bin").write_bytes(await asyncio.to_thread(flash_image, self._bundle, store))
        board = Board(
            self._image,
            folder,
            line=self._folder / f"bus{bus}",
            pace=Pace.REAL,
            unique_id=node,
            environment=self._environment,
        )
        return EmulatedNode(board)

    async def close(self) -> None:
        """Take the buses away."""
        await self._open.aclose()


class EmulatedNode:
    """A board that speaks like a node of the simulator."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._driving: set[asyncio.Task[None]] = set()

    async def start(self, hear: Callable[[str], None]) -> None:
        """Switch it on."""

        def observe(event: Event) -> None:
            if event.what in _OUTPUTS:
                hear(f"@pin {_OUTPUTS[event.what]} {event.value}")
            elif event.what == _BUZZER:
                hear(f"@pwm buzzer {event.value}")

        self.board.on_text = Lines(hear).feed
        self.board.on_event = observe
        await self.board.start()

    def drive(self, number: int, level: int) -> None:
        """Set an input; QEMU gets these in the order in which they are given."""
        task = asyncio.get_running_loop().create_task(self._drive(number, level))
        self._driving.add(task)
        task.add_done_callback(self._driving.discard)

    async def ended(self) -> int:
        """Wait for QEMU to end."""
        return await self.board.ended()

    async def stop(self) -> None:
        """Switch it off."""
        await asyncio.gather(*self._driving)
        await self.board.stop()

    async def _drive(self, number: int, level: int) -> None:
        with contextlib.suppress(QmpError):  # it is switched off
            await self.board.drive(f"A{number}", level)


def _road(air: Air, name: str) -> Road:
    return lambda deliver: air.road(name, deliver)
