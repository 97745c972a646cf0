"""After a press: no node tells that a button was let go, and neither a reset nor arming has to wait for its next heartbeat."""

from __future__ import annotations

import pytest

from anju.concentrator.core.panel.signals import Action
from anju.uplink.reports import PanelMode
from anju.wire.table import Code
from unit.concentrator.harness import BUTTON, CASE, HOUSEHOLD, Bench, FarNode

pytestmark = pytest.mark.anyio


async def pressed(rooms: Bench) -> FarNode:
    """A button that was pressed as its node told last."""
    node = await rooms.enrol()
    await rooms.receive(node, node.press(levels=1 << BUTTON))
    rooms.clock.advance(60)
    return node


async def test_a_latched_press_is_reset(rooms: Bench) -> None:
    await pressed(rooms)
    await rooms.ask(Action.RESET)
    assert not rooms.journal.building.panels[HOUSEHOLD].latched


async def test_arming_does_not_call_a_button_open(rooms: Bench) -> None:
    await pressed(rooms)
    assert await rooms.ask(Action.ARM, mode=PanelMode.AWAY) is None


async def test_a_case_that_stands_open_is_another_matter(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.event(Code.TAMPERED, CASE, levels=1 << CASE))
    await rooms.ask(Action.RESET)
    assert rooms.journal.building.panels[HOUSEHOLD].latched
