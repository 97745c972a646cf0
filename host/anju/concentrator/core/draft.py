"""A draft: everything a group of events would change, kept apart until it is committed.

`Building` is what the concentrator believes; a `Draft` lies over it like a transparent sheet. If the commit succeeds,
the sheet is adopted; if it fails, it is thrown away with everything on it, and nobody is told anything (invariant I1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.node import EventKey, NodeState
from anju.concentrator.core.panel.decide import Decision, OnTestSignal, Signal, decide
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.places import Address, LinkId
from anju.concentrator.core.walk_test import Walk
from anju.uplink.commands import CommandKind, EstateCommand
from anju.uplink.reports import Lane, Outcome, OutcomeKind, Report, ReportKind, TroubleKind
from anju.wire.table import Order

OWN_NUMBERS = 1 << 30
"""Commands of people at the concentrator have numbers below this; those of a duty room begin at a Unix time, far above."""

_ORDERS = {CommandKind.SEEN: Order.SEEN, CommandKind.COMING: Order.COMING}


@dataclass
class Building:
    """The committed state: nodes, panels, walk-tests, commands on their way to a node, and where the journal's numbers stand."""

    nodes: dict[Address, NodeState] = field(default_factory=dict)
    panels: dict[str, PanelState] = field(default_factory=dict)
    walks: dict[str, Walk] = field(default_factory=dict)
    """Begun and not ended, by household."""
    pending: dict[int, PendingCommand] = field(default_factory=dict)
    probes: set[tuple[LinkId, int]] = field(default_factory=set)
    """Links and counters of probes that were sent of late: what a node says to one answers no command. Not stored."""
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


class Entry(NamedTuple):
    """One row for the journal; `event` is None for whatever is not a node's event."""

    report: Report
    event: EventKey | None


class Draft:
    """The sheet over a `Building`. Reads see what this draft wrote."""

    def __init__(self, building: Building, moment: Moment) -> None:
        self.moment = moment
        self.nodes: dict[Address, NodeState] = {}
        self.panels: dict[str, PanelState] = {}
        self.walks: dict[str, Walk | None] = {}
        """None: it has ended."""
        self.entries: list[Entry] = []
        self.events: dict[EventKey, bool] = {}
        """And whether it was taken as a TEST."""
        self.arrived: list[tuple[EstateCommand, PendingCommand | None]] = []
        self.ordered: list[PendingCommand] = []
        self.ended: dict[int, OutcomeKind] = {}
        self._building = building

    @property
    def is_empty(self) -> bool:
        """Whether a commit would change nothing."""
        return not (
            self.nodes or self.panels or self.walks or self.entries or self.arrived or self.ordered or self.ended
        )

    def node(self, address: Address) -> NodeState:
        """The node's state; a node never heard before has an empty one."""
        return self.nodes.get(address) or self._building.nodes.get(address) or NodeState()

    def panel(self, household: str) -> PanelState:
        """The household's panel; one never touched is off with nothing latched."""
        return self.panels.get(household) or self._building.panels.get(household) or PanelState()

    def walk(self, household: str) -> Walk | None:
        """The household's walk-test, if one is going on."""
        return self.walks[household] if household in self.walks else self._building.walks.get(household)

    def is_probe(self, link: LinkId, counter: int) -> bool:
        """Whether this is what a probe was sent under."""
        return (link, counter) in self._building.probes

    def knows_command(self, number: int) -> bool:
        """Whether a command of the duty room was received before: its numbers only grow. It never gives one of ours."""
        last = max(self._building.last_command, OWN_NUMBERS - 1)
        return number <= last or any(command.number == number for command, _ in self.arrived)

    def pending(self, number: int) -> PendingCommand | None:
        """A command that still waits for its node."""
        return None if number in self.ended else self._building.pending.get(number)

    def pending_of(self, address: Address, low_bits: int) -> PendingCommand | None:
        """The command that a node's acknowledgement names by the low 16 bits of its id."""
        for number, waiting in self._building.pending.items():
            if waiting.address == address and number & 0xFFFF == low_bits and number not in self.ended:
                return waiting
        return None

    def settle(self, household: str) -> PanelState:
        """The household's panel now: a TEST whose time is over has ended, which is reported."""
        before = self.panel(household)
        panel = before.settled(self.moment)
        if panel is not before:
            self.panels[household] = panel
        if before.test and not panel.test:
            self.record(ReportKind.TEST_ENDED, Lane.ROUTINE, household=household, panel=panel.view())
        return panel

    def signal(self, household: str, signal: Signal, **facts: Any) -> Report:
        """Let the household's panel decide, and journal the report of it; `facts` are further fields of the report."""
        decision: Decision = decide(self.settle(household), signal)
        self.panels[household] = decision.state
        if decision.kind is ReportKind.TROUBLE:
            facts["trouble"] = TroubleKind.NOT_UNDERSTOOD
        facts |= {"household": household, "panel": decision.state.view(), "test": decision.test}
        return self.record(decision.kind, decision.lane, **facts)

    def end_walk(self, household: str, walk: Walk) -> Report:
        """End a walk-test, and its TEST with it; the report of what was found."""
        self.walks[household] = None
        facts: dict[str, Any] = {"household": household, "person": walk.person, "walk_test": walk.test}
        report = self.record(ReportKind.WALK_TESTED, Lane.ROUTINE, **facts)
        if self.settle(household).test:
            self.signal(household, OnTestSignal(self.moment, 0, walk.person), person=walk.person)
        return report

    def record(self, kind: ReportKind, lane: Lane, *, event: EventKey | None = None, **facts: Any) -> Report:
        """Journal a report, of a node's `event` if it is of one; its sequence number is the next of this journal."""
        seq = self._building.last_seq + len(self.entries) + 1
        report = Report(seq=seq, kind=kind, lane=lane, recorded_at_ms=self.moment.wall_ms, **facts)
        self.entries.append(Entry(report, event))
        if event:
            self.events[event] = report.test
        return report

    def arrive(self, command: EstateCommand, pending: PendingCommand | None) -> None:
        """Note a command from the estate; `pending` if a node has to carry it out."""
        self.arrived.append((command, pending))

    def order(self, pending: PendingCommand, **facts: Any) -> None:
        """Journal what a person here tells a node to do; `facts` are further fields of the report of it."""
        self.ordered.append(pending)
        kind, lane = ReportKind.PAIRING_ORDERED, Lane.ROUTINE
        self.record(kind, lane, household=pending.household, person=pending.person, **facts)

    def end(self, command: EstateCommand | PendingCommand, outcome: OutcomeKind) -> None:
        """A command's end: noted, and reported upwards."""
        self.ended[command.number] = outcome
        self.record(
            ReportKind.COMMAND_OUTCOME,
            Lane.ROUTINE,
            household=command.household,
            person=command.person,
            outcome=Outcome(command_id=command.number, outcome=outcome),
        )

    def adopt(self) -> None:
        """Make it the truth. Only after the commit."""
        building = self._building
        building.nodes.update(self.nodes)
        building.panels.update(self.panels)
        for household, walk in self.walks.items():
            if walk:
                building.walks[household] = walk
            else:
                building.walks.pop(household, None)
        building.last_seq += len(self.entries)
        building.events += len(self.events)
        for command, pending in self.arrived:
            building.last_command = max(building.last_command, command.number)
            if pending and command.number not in self.ended:
                building.pending[command.number] = pending
        for own in self.ordered:
            building.last_own_command = max(building.last_own_command, own.number)
            building.pending[own.number] = own
        for number in self.ended:
            building.pending.pop(number, None)
