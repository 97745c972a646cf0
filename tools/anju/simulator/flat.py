"""One flat: a door node and a button node, and what its residents can do there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.simulator.node import Node
from anju.uplink.reports import ZoneKind
from anju.wire.table import Code

HOLD_S = 1.0
"""So long a button is held before the node makes an event of it (`anju.node.press`)."""
HELD_S = 3.0
"""Held so long it makes a second one."""
_FIRST_INPUT = 0


def door_inputs() -> list[tuple[str, ZoneKind]]:
    """The inputs of a flat's door node, named in this process's language as an installer would name them."""
    return [(_("Front door"), ZoneKind.ENTRY), (_("Case of the door magnet"), ZoneKind.TAMPER)]


def button_inputs() -> list[tuple[str, ZoneKind]]:
    """The inputs of its button node, likewise."""
    return [(_("Bedside"), ZoneKind.HOLD_UP), (_("Case of the button"), ZoneKind.TAMPER)]


def households(building: str, count: int) -> list[str]:
    """Names of flats as an estate gives them: two units, two doors a floor."""
    return [f"{building}-{index // 2 % 2 + 1}-{index // 4 + 1:02d}{index % 2 + 1:02d}" for index in range(count)]


class Recorder(Protocol):
    """Who writes down what is done in a flat."""

    def driven(self, flat: Flat, node: Node, code: Code, at: float) -> None:
        """An input was driven, so that an event has to follow."""

    def paneled(self, flat: Flat, mode: str, seq: int | None) -> None:
        """The panel was set; `seq` is its journal row, None where the concentrator did not answer."""

    def told(self, flat: Flat, what: str) -> None:
        """Somebody was told why what they wanted was not done."""


Panel = Callable[[str, str], Awaitable[int | None]]
"""Sets a household's panel to a mode. ServiceError: it is refused, since an entry time runs, say."""


@dataclass(eq=False, slots=True)
class Flat:
    """A `Home` for residents; `household` is its name."""

    household: str
    door_node: Node
    button_node: Node
    recorder: Recorder
    set_panel: Panel
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no press waits for an answer at the button."""
    button_noticed: asyncio.Event = field(default_factory=asyncio.Event)
    door_noticed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the node has made an event of everything that was done to it."""
    door_open: bool = False
    mode: str = "off"

    def press(self, level: int) -> None:
        """Push the button by the bed (1), or let it go (0)."""
        at = self.button_node.drive(_FIRST_INPUT, level)
        if level:
            self.heard.clear()
            self.button_noticed.clear()
            # What is timed is the way from there on, not how long a hand rests on a button.
            self.recorder.driven(self, self.button_node, Code.PANIC, at + HOLD_S)

    def door(self, level: int) -> None:
        """Open (1) or close (0) the front door."""
        at = self.door_node.drive(_FIRST_INPUT, level)
        self.door_open = bool(level)
        self.door_noticed.clear()
        self.recorder.driven(self, self.door_node, Code.OPENED if level else Code.CLOSED, at)

    async def panel(self, mode: str) -> None:
        """Set the panel to "away" or "off"."""
        try:
            seq = await self.set_panel(self.household, mode)
        except ServiceError as refused:
            self.recorder.told(self, refused.what.partition("\n")[0])
            return
        if seq is not None:
            self.mode = mode
        self.recorder.paneled(self, mode, seq)

    async def answered(self) -> None:
        """Wait until the button says that somebody has the last press."""
        await self.heard.wait()
