"""A board that is paired over its line, and paired anew while somebody presses its button: in its own time, on little heap.

Unenrolled it needs 96 KB; with a device beside it, events on their way and a signature in the making, more than that.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from anju.bundle import build, stage
from anju.bundle.build import SLOT
from anju.bundle.stage import STARTERS
from anju.emulator.board import Pace
from anju.emulator.image import flash_image
from anju.simulator.interpreter import micropython
from anju.simulator.node import Place
from anju.simulator.provision import provision
from anju.wire import table
from anju.wire.framing import Deframer, frame_to_stream
from anju.wire.label import Label
from anju.wire.messages import Hello, Message, Status
from emulated.heard import Heard
from emulated.rig import Rig, powered
from firmware.pairing_desk import PairingDesk

pytestmark = pytest.mark.anyio

HEAP_BYTES = 112 * 1024
REACTION_US = 50_000
TAKE_AWAY = f"import gc, sys\nsys.modules['taken'] = bytearray(gc.mem_free() + gc.mem_alloc() - {HEAP_BYTES})\n"


class Line:
    """The desk at a board's line."""

    def __init__(self, rig: Rig) -> None:
        self.desk = PairingDesk()
        self._rig = rig
        self._deframer = Deframer()

    def tell(self, frame: bytes) -> None:
        self._rig.lines[0].write(frame_to_stream(frame))

    async def message(self, is_it: Callable[[Message], bool]) -> Message:
        """The next message that is this one; everything before it is answered, and so is it."""
        while True:
            message = await self._serve()
            if message is not None and is_it(message):
                return message

    async def step(self, step: int) -> None:
        """Until the node has sent this step once more."""
        self.desk.steps.clear()
        while step not in self.desk.steps:
            await self._serve()

    async def _serve(self) -> Message | None:
        while True:
            for frame in self._deframer.feed(await self._rig.lines[0].read(1)):
                if isinstance(frame, bytes):
                    message, answer = self.desk.hear(frame)
                    if answer is not None:
                        self.tell(answer)
                    return message


def _chip(folder: Path) -> Label:
    """A whole bundle on a chip, and a label that the same firmware has made as a process."""
    build("qemu_ast1030", folder / "bundle", number=1)
    tree, store = folder / "tree", folder / "store"
    shutil.copytree(folder / "bundle" / SLOT, tree / "a")
    for name in STARTERS:
        shutil.copy(folder / "bundle" / name, tree)
    (tree / "boot.py").write_text(TAKE_AWAY + (tree / "boot.py").read_text())
    store.mkdir()
    place = Place(
        micropython(), stage("unix_sim", folder / "sim"), {"PATH": os.environ["PATH"], "MICROPYPATH": ".frozen"}
    )
    label = provision(place, store)
    shutil.copy(store / "label", tree)
    (folder / "flash.bin").write_bytes(flash_image(tree))
    return label


async def test_it_is_paired_on_112_kb_and_a_press_meanwhile_waits_for_nothing(image: Path, tmp_path: Path) -> None:
    label = _chip(tmp_path)
    async with powered(image, tmp_path, Pace.STEADY) as rig:
        heard = Heard(rig.board)
        await heard.until(lambda: heard.said("confirmed slot a") == 1)
        await rig.board.press_reset()
        await heard.until(lambda: heard.said("unenrolled") == 2)
        line = Line(rig)
        line.desk.pairings.show(label, line.desk.now)
        await rig.board.drive("A0", 1)
        hello = await line.message(lambda message: isinstance(message.body, Hello))
        assert hello.header.epoch == 1
        await line.message(lambda message: isinstance(message.body, Status))
        await rig.board.drive("A0", 0)
        line.tell(line.desk.order(hello.header, table.Order.PAIR))
        line.desk.pairings.show(label, line.desk.now, epoch=2, node=7)
        await line.step(table.Step.ANSWER)
        await rig.board.drive("A0", 1)
        pressed = await rig.wait_for("gpioA0", 1, count=2)
        line.desk.steps.clear()
        panic = await line.message(lambda message: isinstance(message.body, Status))
        assert panic.header.epoch == 1
        assert table.Step.PROOF not in line.desk.steps
        await line.step(table.Step.PROOF)
        renewed = await line.message(lambda message: isinstance(message.body, Hello) and message.header.epoch == 2)
        assert renewed.header.node == 7
        sent = next(event for event in rig.told("uart1", 1) if event.at_us > pressed.at_us)
        print((sent.at_us - pressed.at_us) / 1000, "ms from the button to the line")
        assert sent.at_us - pressed.at_us <= REACTION_US
