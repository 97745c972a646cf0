"""What the concentrator believes: the committed state of its building, and of commands on their way to a node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from anju.concentrator.core.deadlines import Deadlines
from anju.concentrator.core.node import NodeState
from anju.concentrator.core.panel.schedule import Scheduled
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.core.places import Address, LinkId
from anju.concentrator.core.premises import Premises, Unfurnished
from anju.concentrator.core.walk_test import Walk
from anju.uplink.commands import CommandKind, EstateCommand
from anju.wire.table import Order

OWN_NUMBERS = 1 << 30
"""Commands of people at the concentrator have numbers below this; those of a duty room begin at a Unix time, far above."""

_ORDERS = {CommandKind.SEEN: Order.SEEN, CommandKind.COMING: Order.COMING}


@dataclass
class Building:
    """The committed state: nodes, panels, walk-tests, commands on their way to a node, and where the journal's numbers stand."""

    nodes: dict[Address, NodeState] = field(default_factory=dict)
    panels: dict[str, PanelState] = field(default_factory=dict)
    faults: dict[Fault, int] = field(default_factory=dict)
    """Troubles that last, and since when (Unix ms)."""
    walks: dict[str, Walk] = field(default_factory=dict)
    """Begun and not ended, by household."""
    schedules: dict[str, tuple[Scheduled, ...]] = field(default_factory=dict)
    """When households are armed by the clock."""
    destinations: dict[str, bool] = field(default_factory=dict)
    """Third parties beside the duty room, and whether each is on."""
    pending: dict[int, PendingCommand] = field(default_factory=dict)
    probes: set[tuple[LinkId, int]] = field(default_factory=set)
    """Links and counters of probes that were sent of late: what a node says to one answers no command. Not stored."""
    doubted: dict[Address, int] = field(default_factory=dict)
    """Nodes that may not have heard yet that our clock was set, and by how much (ms). Not stored."""
    deadlines: Deadlines = field(default_factory=Deadlines, compare=False)
    premises: Premises = field(default_factory=Unfurnished, compare=False)
    asleep: tuple[int, int] = field(default=(0, 0), compare=False)
    """From when to when (Unix ms) nothing ran here before this start, as far as the journal tells."""
    offset: tuple[str, int] | None = field(default=None, compare=False)
    """Of the wall clock from the monotonic one, in ms, in which start of the machine."""
    last_seq: int = 0
    events: int = 0
    last_command: int = 0
    """Of the duty room."""
    last_own_command: int = 0


class PendingCommand(NamedTuple):
    """A command that its node has not confirmed yet."""

    number: int
    order: Order
    address: Address
    event_id: int
    household: str
    person: str
    at_ms: int
    valid_s: int
    epoch: int | None = None
    """Number of the only keys under which it may be sent; None: of those that count at the address."""

    @classmethod
    def of(cls, command: EstateCommand, address: Address, event_id: int) -> PendingCommand:
        """A light at a button, as somebody at the estate wants it."""
        asked = (command.household, command.person, command.at_ms, command.valid_s)
        return cls(command.number, _ORDERS[command.kind], address, event_id, *asked)

    @property
    def is_own(self) -> bool:
        """Whether a person at this concentrator stands behind it, not one at the estate."""
        return self.number < OWN_NUMBERS
