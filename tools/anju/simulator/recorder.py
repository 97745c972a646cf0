"""Writes down what happens in an estate: for the account, for the latencies, and for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from math import inf

from anju.service.i18n import _
from anju.simulator.feedback import Stage
from anju.simulator.flat import HELD_S, HOLD_S, Flat
from anju.simulator.node import Node
from anju.simulator.output import Acked, Edge, Made, Output, Ready, Said, Unenrolled
from anju.simulator.page import Incident
from anju.simulator.tally import Tally
from anju.simulator.timings import Timings
from anju.wire.table import Code

News = Callable[[str, str], None]
"""Told what a person may want to see: whose household, and what happened there."""


class Moment(StrEnum):
    """Where a press is on its way, as far as it can be seen from outside."""

    PRESSED = "a button was pressed"
    MADE = "the node made an event of it"
    ACKED = "the node knows that it is durable"
    SHOWN = "the guard's page shows it"
    CLICKING = "the guard is about to acknowledge it"
    LIT = "the button says that someone has seen it"


class Record:
    """Everything that was done and seen in one run."""

    def __init__(self, news: News) -> None:
        self.tally = Tally()
        self.timings = Timings()
        self.presses = 0
        self.ready: dict[int, str] = {}
        """Nodes that have started, and the firmware they said they run."""
        self.flats: dict[int, Flat] = {}
        """The flat of each node."""
        self.incidents: dict[int, Incident] = {}
        """Incidents that the page's stream has shown and that are not closed, newest state."""
        self.alarms = 0
        self.on_moment: Callable[[Moment], object] = lambda _moment: None
        """Called at each moment, before anything else can happen."""
        self._news = news
        self._held_from: dict[int, float] = {}
        """From when on a press that was begun may rightly be told of as held, by node."""

    def installed(self, flat: Flat) -> None:
        """Both nodes of a flat have been paired."""
        self._news(flat.household, _("both nodes are paired by their labels"))

    def driven(self, flat: Flat, node: Node, code: Code, at: float) -> None:
        """An input was driven, so that an event has to follow."""
        self.tally.driven(node.number, code, at)
        if code is Code.PANIC:
            self.presses += 1
            self._held_from[node.number] = at - HOLD_S + HELD_S
            self.timings.pressed(node.number, at)
            self.on_moment(Moment.PRESSED)
        self._news(flat.household, _DONE[code]())

    def paneled(self, flat: Flat, mode: str, seq: int | None) -> None:
        """The panel was set; None where the concentrator did not answer."""
        if seq is None:
            self._news(flat.household, _("panel: the concentrator does not answer"))
            return
        self.tally.promised(seq)
        self._news(flat.household, _("disarmed") if mode == "off" else _("armed, nobody is home"))

    def told(self, flat: Flat, what: str) -> None:
        """Somebody was told why what they wanted was not done."""
        self._news(flat.household, what)

    def heard(self, node: Node, output: Output, at: float) -> None:
        """A node said something, or one of its output pins changed."""
        match output:
            case Edge():
                self._edge(node, output, at)
            case Made(event_id, code, _zone):
                if code == Code.HELD and at >= self._held_from.pop(node.number, inf):
                    # Nobody means to, but on a busy machine a hand comes off late.
                    self.tally.driven(node.number, code, at)
                stimulus = self.tally.made(node.number, event_id, code)
                self._notice(node)
                if stimulus is not None and code == Code.PANIC:
                    self.timings.made(node.number, event_id, stimulus.at)
                    self.on_moment(Moment.MADE)
            case Acked(event_id):
                self.tally.acked(node.number, event_id)
                self.timings.acked(node.number, event_id, node.feedback.stage, at)
                self._let_go(node)
                self.on_moment(Moment.ACKED)
            case Ready(firmware):
                self.ready[node.number] = firmware
            case Unenrolled():
                self._news(self.flats[node.number].household, _("a node has no keys"))
            case Said(text):
                self._news(self.flats[node.number].household, text)

    def shown(self, incident: Incident, at: float) -> None:
        """The page's stream showed an incident."""
        if incident.state == "closed":
            self.incidents.pop(incident.id, None)
        else:
            self.incidents[incident.id] = incident
        if incident.origin is not None:
            self.alarms += 1
            if incident.kind == "hold_up":
                self.timings.shown(incident.origin.node, incident.origin.event_id, at)
                self.on_moment(Moment.SHOWN)

    def clicking(self, incident: Incident, action: str, at: float) -> None:
        """The guard is about to do something about an incident."""
        for node in self._buttons(incident):
            if action == "acknowledge":
                self.timings.acknowledged(node.number, node.feedback.stage, at)
                self.on_moment(Moment.CLICKING)
            elif action == "dispatch":
                self.timings.dispatched(node.number)

    def refused(self, incident: Incident) -> None:
        """The duty room did not accept that."""
        for node in self._buttons(incident):
            self.timings.not_clicked(node.number)

    def _edge(self, node: Node, edge: Edge, at: float) -> None:
        stage = node.feedback.edge(edge)
        if stage is None:
            return
        self.timings.stage(node.number, stage, at)
        self._let_go(node)
        if stage is Stage.SEEN:
            self.on_moment(Moment.LIT)
        if stage in _SHOWS:
            self._news(self.flats[node.number].household, _SHOWS[stage]())

    def _notice(self, node: Node) -> None:
        if node.number not in self.flats:
            return  # it is not installed yet, and has made an event all the same
        if not self.tally.unnoticed(node.number):
            flat = self.flats[node.number]
            (flat.button_noticed if node is flat.button_node else flat.door_noticed).set()

    def _let_go(self, node: Node) -> None:
        flat = self.flats[node.number]
        if not self.timings.unheard(flat.button_node.number):
            flat.heard.set()

    def _buttons(self, incident: Incident) -> list[Node]:
        """The hold-up buttons that an acknowledgement of this incident lights up."""
        if incident.kind != "hold_up":
            return []
        flats = {id(flat): flat for flat in self.flats.values() if flat.household == incident.household}
        return [flat.button_node for flat in flats.values()]


_DONE = {
    Code.PANIC: lambda: _("presses the button by the bed"),
    Code.OPENED: lambda: _("opens the door"),
    Code.CLOSED: lambda: _("closes the door"),
}
_SHOWS = {
    Stage.CONCENTRATOR_HAS_IT: lambda: _("button: two beeps, the concentrator has it"),
    Stage.SEEN: lambda: _("button: someone has seen it"),
    Stage.COMING: lambda: _("button: someone is coming"),
    Stage.NOT_DELIVERED: lambda: _("button: not delivered yet, still trying"),
}
