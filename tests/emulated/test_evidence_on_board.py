"""A board signs for its alarms, by its own key and in its own time, on 96 KB of heap."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.wire import evidence, table
from anju.wire.evidence import SignedStatement
from anju.wire.messages import Evidence, Message, Status
from emulated.desk_line import Line, labelled, on_board

pytestmark = pytest.mark.anyio

REACTION_US = 50_000


async def _event(line: Line) -> Message:
    message = await line.message(lambda message: message is not None and isinstance(message.body, Status))
    assert message is not None
    return message


async def _evidence(line: Line) -> Message:
    message = await line.message(lambda message: message is not None and isinstance(message.body, Evidence))
    assert message is not None
    return message


async def test_a_press_is_signed_for_and_another_one_meanwhile_waits_for_nothing(image: Path, tmp_path: Path) -> None:
    label, note = labelled(tmp_path / "label")
    async with on_board(image, tmp_path, note, "a") as line:
        desk = line.desk
        desk.pairings.show(label, desk.now)
        await line.drive(1)
        await line.on(lambda: table.Step.OFFER in desk.steps)
        await line.drive(0)
        await line.hello(epoch=1)
        await line.drive(1)
        first = await _event(line)
        await line.drive(0)
        await line.press_in_a_slice()
        second = await _event(line)
        await line.drive(0)
        told: dict[bytes, SignedStatement] = {}
        while len(told) < 2:  # each may be sent again before its answer is there
            one = evidence.read(await _evidence(line), label.device)
            told.setdefault(one.digest, one)
    (public_key,) = {link.public_key for link in desk.pairings.links}
    assert all(one.is_by(public_key) for one in told.values())
    assert [one.statement.before for one in told.values()] == [bytes(32), next(iter(told))]
    signed = [event.first_counter for one in told.values() for event in one.events]
    assert signed == [first.header.counter, second.header.counter]
    print(line.reaction_us(), "µs from the button to the line")
    assert line.reaction_us() <= REACTION_US
