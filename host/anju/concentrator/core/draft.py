"""A draft: everything a group of events would change, kept apart until it is committed.

`Building` is what the concentrator believes; a `Draft` lies over it like a transparent sheet. If the commit succeeds,
the sheet is adopted; if it fails, it is thrown away with everything on it, and nobody is told anything (invariant I1).
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from anju.concentrator.core import standing
from anju.concentrator.core.building import OWN_NUMBERS, Building, PendingCommand
from anju.concentrator.core.moment import Moment
from anju.concentrator.core.node import EventKey, NodeState
from anju.concentrator.core.panel.decide import decide
from anju.concentrator.core.panel.schedule import Scheduled
from anju.concentrator.core.panel.signals import (
    Action,
    Decision,
    PersonSignal,
    Scene,
    Signal,
    TimeSignal,
    Told,
    Vanished,
    ZoneSignal,
)
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.steps import stepped
from anju.concentrator.core.panel.trouble import TROUBLE_ROW_OF, Fault
from anju.concentrator.core.places import Address, LinkId, reported
from anju.concentrator.core.walk_test import Walk
from anju.uplink.commands import EstateCommand
from anju.uplink.reports import Lane, Outcome, OutcomeKind, PanelMode, Refusal, Report, ReportKind, TroubleKind

STEP_MS = 2000
"""A wall clock that is off by so much against the monotonic one was set; what is less is how clocks are made to agree."""


class Answer(NamedTuple):
    """What came of what a person asked: the reports of it, and why nothing was changed, if so."""

    reports: list[Report]
    refusal: Refusal | None


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
        self.faults: dict[Fault, int | None] = {}
        """None: it is over."""
        self.walks: dict[str, Walk | None] = {}
        """None: it has ended."""
        self.schedules: dict[str, tuple[Scheduled, ...]] = {}
        self.destinations: dict[str, bool | None] = {}
        """None: it is there no more."""
        self.entries: list[Entry] = []
        self.events: dict[EventKey, bool] = {}
        """And whether it was taken as a TEST."""
        self.arrived: list[tuple[EstateCommand, PendingCommand | None]] = []
        self.ordered: list[PendingCommand] = []
        self.ended: dict[int, OutcomeKind] = {}
        self._building = building
        self.offset: tuple[str, int] | None = None
        """Of the wall clock from the monotonic one, in ms, in which start of the machine; None: nobody has looked."""
        self._doubted: dict[Address, int] = {}
        self._sure: set[Address] = set()

    @property
    def is_empty(self) -> bool:
        """Whether a commit would change nothing."""
        return not (
            self.nodes
            or self.panels
            or self.faults
            or self.walks
            or self.schedules
            or self.destinations
            or self.entries
            or self.arrived
            or self.ordered
            or self.ended
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

    def schedule(self, household: str) -> tuple[Scheduled, ...]:
        """The household's schedule, by the numbers of its entries."""
        return self.schedules.get(household, self._building.schedules.get(household, ()))

    def goes_to(self) -> list[str]:
        """Third parties that are on."""
        names = self._building.destinations | self.destinations
        return sorted(name for name, is_on in names.items() if is_on)

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

    def scene(self, household: str) -> Scene:
        """What a signal to the household's panel is judged in."""
        building = self._building
        zones = partial(standing.zones, household, building.premises, self.node, self._stands, self.moment)
        return Scene(self.moment, building.premises.chosen.times, zones, building.asleep)

    def look(self, household: str, *, is_call: bool = False) -> PanelState:
        """The household's panel now: what was due by the clock has been carried out and is reported.

        For a call for help (`is_call`) it stays due where a fault of ours keeps it from being done.
        """
        before = self.panel(household)
        if before.is_still:
            return before
        try:
            decision = decide(before, TimeSignal(), self.scene(household))
        except Exception:
            if is_call:
                return before
            raise
        if decision.state != before:
            self.panels[household] = decision.state
        self._tell(household, decision, {}, {})
        return decision.state

    def signal(self, household: str, signal: Signal, **facts: Any) -> list[Report]:
        """Let the household's panel decide, and journal the reports of it; `facts` are further fields of the first of them."""
        return self._decide(household, signal, facts)[1]

    def ask(self, household: str, signal: PersonSignal) -> Answer:
        """Let the household's panel decide on what a person asks of it; with a refusal nothing has changed."""
        facts = {"person": signal.person, "reason": signal.reason or None, "schedule": signal.schedule}
        decision, reports = self._decide(household, signal, {}, facts)
        return Answer(reports, decision.refusal)

    def is_armed(self, household: str | None) -> bool:
        """Whether a household is armed; None: whether any is."""
        if household is not None:
            return self.panel(household).mode is not PanelMode.OFF
        return any(self.panel(one).mode is not PanelMode.OFF for one in self._building.panels)

    def trouble(self, kind: TroubleKind, household: str | None = None, **facts: Any) -> None:
        """Journal a trouble, in the lane that it has for whom it concerns; `facts` are further fields of the report."""
        row = TROUBLE_ROW_OF[kind]
        lane = row.armed if self.is_armed(household) else row.off
        self.record(ReportKind.TROUBLE, lane, household=household, trouble=kind, **facts)

    def fault(self, fault: Fault, **facts: Any) -> None:
        """A trouble that lasts has begun; nothing, if it stands already."""
        if self._stands(fault):
            return
        self.faults[fault] = self.moment.wall_ms
        household, whose = self._whose(fault)
        self.trouble(fault.kind, household, **whose, **facts)
        is_tampering = TROUBLE_ROW_OF[fault.kind].hides and self._building.premises.chosen.silence_is_tamper
        if household and fault.address and is_tampering and self.is_armed(household):
            self.signal(household, Vanished(fault.address), **whose)

    def mend(self, fault: Fault, **facts: Any) -> None:
        """A trouble that lasted is over; nothing, if it did not stand."""
        if not self._stands(fault):
            return
        self.faults[fault] = None
        household, whose = self._whose(fault)
        self.record(
            ReportKind.TROUBLE_RESTORED, Lane.ROUTINE, household=household, trouble=fault.kind, **whose, **facts
        )

    def mind_the_clock(self) -> None:
        """If the wall clock was set since the last look: what is remembered by it is told by the new one, and it is trouble."""
        self.offset = (self.moment.boot, self.moment.wall_ms - round(self.moment.monotonic_s * 1000))
        known = self._building.offset or self.offset
        by_ms = self.offset[1] - known[1] if known[0] == self.moment.boot else 0
        if abs(by_ms) < STEP_MS:
            self._building.offset = self.offset
            return
        self.panels = {household: stepped(panel, by_ms) for household, panel in self._building.panels.items()}
        self.nodes = {
            address: node._replace(last_seen_ms=max(0, node.last_seen_ms + by_ms))
            for address, node in self._building.nodes.items()
        }
        before = self._building.doubted
        self._doubted = {address: before.get(address, 0) + by_ms for address in self._building.nodes}
        self.trouble(TroubleKind.CLOCK_STEPPED)

    def set_since(self, address: Address) -> int | None:
        """By how much our clock was set, in ms, since a node that may still go by it was told the time; None: it goes by ours."""
        if address in self._sure:
            return None
        return self._doubted.get(address, self._building.doubted.get(address))

    def trust_clock(self, address: Address) -> None:
        """A node has shown that it goes by our clock."""
        self._sure.add(address)

    def end_walk(self, household: str, walk: Walk) -> Report:
        """End a walk-test, and its TEST with it; the report of what was found."""
        self.walks[household] = None
        facts: dict[str, Any] = {"household": household, "person": walk.person, "walk_test": walk.test}
        report = self.record(ReportKind.WALK_TESTED, Lane.ROUTINE, **facts)
        if self.look(household).test:
            self.ask(household, PersonSignal(Action.TEST, walk.person, lasts_s=0))
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

    def end(
        self, command: EstateCommand | PendingCommand, outcome: OutcomeKind, refusal: Refusal | None = None
    ) -> None:
        """A command's end: noted, and reported upwards."""
        self.ended[command.number] = outcome
        self.record(
            ReportKind.COMMAND_OUTCOME,
            Lane.ROUTINE,
            household=command.household,
            person=command.person,
            outcome=Outcome(command_id=command.number, outcome=outcome, refusal=refusal),
        )

    def adopt(self) -> None:
        """Make it the truth. Only after the commit."""
        building = self._building
        building.nodes.update(self.nodes)
        self._adopt_panels()
        for household, walk in self.walks.items():
            if walk:
                building.walks[household] = walk
            else:
                building.walks.pop(household, None)
        building.schedules.update(self.schedules)
        self._adopt_destinations()
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

    def _adopt_destinations(self) -> None:
        for name, is_on in self.destinations.items():
            if is_on is None:
                self._building.destinations.pop(name, None)
            else:
                self._building.destinations[name] = is_on

    def _adopt_panels(self) -> None:
        building = self._building
        building.panels.update(self.panels)
        for household, panel in self.panels.items():
            building.deadlines.set(household, panel.next_deadline())
        for fault, since_ms in self.faults.items():
            if since_ms is None:
                building.faults.pop(fault, None)
            else:
                building.faults[fault] = since_ms
        building.offset = self.offset or building.offset
        building.doubted |= self._doubted
        for address in self._sure:
            building.doubted.pop(address, None)

    def _decide(
        self, household: str, signal: Signal, facts: dict[str, Any], of_all: dict[str, Any] | None = None
    ) -> tuple[Decision, list[Report]]:
        self.look(household, is_call=isinstance(signal, ZoneSignal) and signal.is_urgent)
        before = self.panel(household)
        decision = decide(before, signal, self.scene(household))
        if decision.state is not before or household not in self._building.panels:
            self.panels[household] = decision.state
        return decision, self._tell(household, decision, facts, of_all or {})

    def _tell(self, household: str, decision: Decision, facts: dict[str, Any], of_all: dict[str, Any]) -> list[Report]:
        """Journal what a decision tells; `facts` belong to the first, `of_all` to each."""
        view = decision.state.view() if decision.told else None
        reports = []
        for told in decision.told:
            known = _facts(told) | {"household": household, "panel": view} | of_all | facts
            reports.append(self.record(told.kind, told.lane, **known))
            facts = {}
        return reports

    def _stands(self, fault: Fault) -> bool:
        return self.faults[fault] is not None if fault in self.faults else fault in self._building.faults

    def _whose(self, fault: Fault) -> tuple[str | None, dict[str, Any]]:
        """The household that a fault concerns, None for all, and what a report says of its subject."""
        if fault.address is None:
            return None, {"subject": fault.subject or None}
        household = self._building.premises.household_of(fault.address)
        return household, {"node": reported(fault.address)}


def _facts(told: Told) -> dict[str, Any]:
    """The fields of a report that a panel knows."""
    facts: dict[str, Any] = {"rule": told.rule, "test": told.is_test, "until_ms": told.until_ms}
    if told.kind is ReportKind.TROUBLE:
        facts["trouble"] = TroubleKind.NOT_UNDERSTOOD
    if told.warned:
        facts["warnings"] = tuple(standing.warning(warned) for warned in told.warned)
    if told.bypass:
        facts["person"], facts["reason"] = told.bypass[0] or None, told.bypass[1] or None
    if told.source:
        facts |= standing.origin(told.source)
    return facts
