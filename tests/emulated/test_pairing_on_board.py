"""A board that is paired over its line, and paired anew while somebody presses its button: in its own time, on 96 KB of heap."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.wire import table
from anju.wire.messages import Status
from emulated.desk_line import labelled, on_board

pytestmark = pytest.mark.anyio

REACTION_US = 50_000
WORK_US = 4_000_000


@pytest.mark.parametrize("run", ["", "a"], ids=["at its first start", "at a later one"])
async def test_it_is_paired_on_96_kb_and_a_press_meanwhile_waits_for_nothing(
    image: Path, tmp_path: Path, run: str
) -> None:
    label, note = labelled(tmp_path / "label")
    async with on_board(image, tmp_path, note, run) as line:
        desk = line.desk
        desk.pairings.show(label, desk.now)
        await line.drive(1)
        await line.on(lambda: table.Step.OFFER in desk.steps)
        await line.drive(0)
        hello = await line.hello(epoch=1)
        await line.tell(desk.order(hello, table.Order.PAIR))
        desk.pairings.show(label, desk.now, epoch=2, node=7)
        desk.steps.clear()
        await line.on(lambda: table.Step.ANSWER in desk.steps)
        await line.press_in_a_slice()
        desk.steps.clear()
        panic = await line.message(lambda message: message is not None and isinstance(message.body, Status))
        assert panic is not None
        assert panic.header.epoch == 1
        assert not desk.steps
        await line.on(lambda: table.Step.PROOF in desk.steps)
        renewed = await line.hello(epoch=2)
        assert renewed.node == 7
    steps = (table.Step.KEY, table.Step.ANSWER), (table.Step.GRANT, table.Step.PROOF)
    work_us = [line.work_us(question, answer) for question, answer in steps]
    print(line.reaction_us(), "µs from the button to the line; worked out in", *work_us, "µs")
    assert line.reaction_us() <= REACTION_US
    assert sum(work_us) <= WORK_US
