"""Nodes on boards, from power-on, as pytest-embedded sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from anju.wire import table

Bodies = Callable[[int], Iterator[Any]]
GPIO = "/machine/soc/gpio"
BUTTON, AMBER = "gpioA0", "gpioB1"


def test_from_power_on_to_the_first_heartbeat(dut: Any, bodies: Bodies) -> None:
    dut.expect_exact("network 1 node 7")
    kinds = (body.type for body in bodies(0))
    assert next(kinds) == table.Type.HELLO
    assert table.Type.HEARTBEAT in kinds


def test_a_pressed_button_is_an_event_on_the_line_and_a_lamp(dut: Any, bodies: Bodies) -> None:
    dut.expect_exact("network 1 node 7")
    heard = bodies(0)
    dut.qemu.qmp_execute_cmd("qom-set", {"path": GPIO, "property": BUTTON, "value": True})
    told = dut.expect(rb"event (\d+) code 3 zone 0")
    event = next(body for body in heard if body.type == table.Type.EVENT)
    assert (event.event_id, event.code) == (int(told[1]), table.Code.PANIC)
    assert any(dut.qemu.qmp_execute_cmd("qom-get", {"path": GPIO, "property": AMBER}) for _ in range(1000))


def test_a_reset_starts_it_again(dut: Any, bodies: Bodies) -> None:
    heard = bodies(0)
    dut.expect_exact("network 1 node 7")
    assert next(heard).reset_cause == table.ResetCause.POWER_ON
    dut.hard_reset()
    dut.expect_exact("network 1 node 7")
    causes = (body.reset_cause for body in heard if body.type == table.Type.HELLO)
    # Nobody announced it, and the node's watchdog was armed: the board can't tell the two apart.
    assert next(cause for cause in causes if cause != table.ResetCause.POWER_ON) == table.ResetCause.WATCHDOG


@pytest.mark.parametrize("count", [3], indirect=True)
def test_three_boards_side_by_side(dut: Any, bodies: Bodies) -> None:
    for number, board in enumerate(dut):
        board.expect_exact("network 1 node 7")
        assert next(bodies(number)).type == table.Type.HELLO
