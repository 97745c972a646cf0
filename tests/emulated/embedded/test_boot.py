"""Nodes on boards, from power-on, as pytest-embedded sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from anju.wire import table
from anju.wire.messages import Hello, Message, Status

GPIO = "/machine/soc/gpio"
BUTTON, AMBER = "gpioA0", "gpioB1"


def test_from_power_on_to_the_first_heartbeat(heard: Iterator[Message], dut: Any) -> None:
    dut.expect_exact("network 1 node 7")
    kinds = (message.body.type for message in heard)
    assert next(kinds) == table.Type.HELLO
    assert table.Type.HEARTBEAT in kinds


def test_a_pressed_button_is_an_event_on_the_line_and_a_lamp(heard: Iterator[Message], dut: Any) -> None:
    dut.expect_exact("network 1 node 7")
    dut.qemu.qmp_execute_cmd("qom-set", {"path": GPIO, "property": BUTTON, "value": True})
    told = dut.expect(rb"event (\d+) code 3 zone 0")
    event = next(body for _, body, _ in heard if isinstance(body, Status) and body.type == table.Type.EVENT)
    assert (event.event_id, event.code) == (int(told[1]), table.Code.PANIC)
    assert any(dut.qemu.qmp_execute_cmd("qom-get", {"path": GPIO, "property": AMBER}) for _ in range(1000))


def test_a_reset_starts_it_again(heard: Iterator[Message], dut: Any) -> None:
    dut.expect_exact("network 1 node 7")
    causes = (body.reset_cause for _, body, _ in heard if isinstance(body, Hello))
    assert next(causes) == table.ResetCause.POWER_ON
    dut.hard_reset()
    dut.expect_exact("network 1 node 7")
    # Nobody announced it, and the node's watchdog was armed: the board can't tell the two apart.
    assert next(cause for cause in causes if cause != table.ResetCause.POWER_ON) == table.ResetCause.WATCHDOG


@pytest.mark.parametrize("count", [3], indirect=True)
def test_three_boards_on_one_bus(heard: Iterator[Message], dut: Any) -> None:
    """Each speaks for itself, and the press of one is an event of that one."""
    for number, board in enumerate(dut):
        board.expect_exact(f"network 1 node {7 + number}")
    waited_for = {7, 8, 9}
    for message in heard:
        waited_for.discard(message.header.node)
        if not waited_for:
            break
    dut[1].qemu.qmp_execute_cmd("qom-set", {"path": GPIO, "property": BUTTON, "value": True})
    dut[1].expect(rb"event \d+ code 3 zone 0")
    events = (message for message in heard if message.body.type == table.Type.EVENT)
    assert [next(events).header.node for _ in range(3)] == [8, 8, 8]
