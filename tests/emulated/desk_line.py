"""A whole board with a label, and a desk at its line that pairs it and answers it, in step: the same however busy the machine.

A press can come at the worst moment there is: in a slice of arithmetic that has just begun to collect its garbage.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from anju.bench.reaction import Record, frames
from anju.bundle import stage
from anju.emulator.board import Board, Event, Pace
from anju.emulator.image import write_flash
from anju.emulator.lockstep import Lockstep, in_step
from anju.simulator.interpreter import micropython
from anju.simulator.node import Place
from anju.simulator.provision import provision
from anju.wire import table
from anju.wire.framing import Deframer, frame_to_stream
from anju.wire.label import Label
from anju.wire.messages import Header, Hello, Message
from emulated.slots import bundle, chip
from firmware.pairing_desk import PairingDesk

HEAP_BYTES = 96 * 1024
PATIENCE_US = 120_000_000
_PAIRING = table.LinkClass.PAIRING
MULTIPLY, COLLECT = "mpz_mul_inpl", "gc_collect_start"
"""Where arithmetic with long numbers begins, and a collection of garbage."""


class Line:
    """The desk at a board's line, in step with it."""

    def __init__(self, image: Path, step: Lockstep, events: list[Event], log: Path) -> None:
        self.desk = PairingDesk(lambda: step.now_us // 1000)
        self._image = image
        self._step = step
        self._events = events
        self._log = log
        self._deframer = Deframer()
        self._sent = b""
        self._told: dict[int, int] = {}
        """When the last byte of the first frame of each step was on the line."""
        self._telling = 0

    async def on(self, until: Callable[[], bool]) -> None:
        """Live, and answer, until something is so."""
        await self.message(lambda _message: until())

    async def message(self, is_it: Callable[[Message | None], bool]) -> Message | None:
        """The next message that is this one; everything before it is answered, and so is it."""
        while True:
            for message in await self._live():
                if is_it(message):
                    return message

    async def hello(self, epoch: int) -> Header:
        """The next hello under keys of this number."""
        said = await self.message(
            lambda message: message is not None and isinstance(message.body, Hello) and message.header.epoch == epoch
        )
        assert said is not None
        return said.header

    async def tell(self, frame: bytes) -> None:
        """Put this on the line as soon as it is free."""
        while not self._step.is_told:
            await self._live()
        self._step.tell(frame_to_stream(frame))
        self._telling = 0

    async def drive(self, level: int) -> None:
        """Move the button."""
        await self._step.board.drive("A0", level)

    async def press_in_a_slice(self) -> None:
        """Press it as soon as a slice of arithmetic collects garbage."""
        for function in (MULTIPLY, COLLECT):
            place = _address(self._image, function)
            await self._live(place)
            while self._step.is_at_rest:
                await self._live(place)
        await self.drive(1)

    def reaction_us(self) -> float:
        """From the last press to the first byte on the line; of a board that is off, whose probe is read out."""
        pressed = max(event.at_us for event in self._events if (event.what, event.value) == ("gpioA0", 1))
        return min(first_us for _frame, first_us, _last_us in self._frames() if first_us > pressed) - pressed

    def work_us(self, question: table.Step, answer: table.Step) -> float:
        """Of the first pairing: from the last byte of the one to the first of the other."""
        sent = min(first_us for frame, first_us, _last_us in self._frames() if tuple(frame[1:3]) == (_PAIRING, answer))
        return sent - self._told[question]

    def _frames(self) -> Iterator[tuple[bytes, float, float]]:
        return frames(Record(tuple(self._events), self._sent, ""))

    async def _live(self, until: int = 0) -> list[Message | None]:
        """Until it rests again or comes there; what it said meanwhile, answered: None for a frame of a pairing."""
        assert self._step.now_us < PATIENCE_US, self._log.read_text()
        was_told, before_us = self._step.is_told, self._step.now_us
        sent = await self._step.on(until)
        self._sent += sent
        if self._step.is_told and not was_told:
            self._told.setdefault(self._telling, before_us)
        messages = []
        for frame in self._deframer.feed(sent):
            assert isinstance(frame, bytes)
            message, answer = self.desk.hear(frame)
            if answer is not None and self._step.is_told:
                self._step.tell(frame_to_stream(answer))
                self._telling = answer[2] if answer[1] == _PAIRING else 0
            messages.append(message)
        return messages


def _address(image: Path, function: str) -> int:
    symbols = subprocess.run(["arm-none-eabi-nm", image], capture_output=True, text=True, check=True).stdout
    return next(int(words[0], 16) for words in map(str.split, symbols.splitlines()) if words[-1] == function)


def labelled(folder: Path) -> tuple[Label, bytes]:
    """A label that the same firmware has made as a process, and the note with it."""
    folder.mkdir()
    environment = {"PATH": os.environ["PATH"], "MICROPYPATH": ".frozen"}
    label = provision(Place(micropython(), stage("unix_sim", folder / "sim"), environment), folder)
    return label, (folder / "label").read_bytes()


@asynccontextmanager
async def on_board(image: Path, folder: Path, note: bytes, run: str) -> AsyncIterator[Line]:
    """A board with a whole bundle and with a label, on 96 KB of heap; without `run` it has yet to confirm what it runs."""
    flash = chip(folder / "chip", {"a": bundle(folder / "bundle", 1)}, run)
    (folder / "flash.bin").write_bytes(write_flash(flash, "label", note))
    line, log = folder / "line", folder / "console"
    board = Board(image, folder, line=line, log=log, pace=Pace.LEAPING, seed=1, heap_bytes=HEAP_BYTES)
    events: list[Event] = []
    board.on_event = events.append
    async with in_step(board, line) as step:
        yield Line(image, step, events, log)
    assert "no memory" not in log.read_text()
    assert "Traceback" not in log.read_text()
