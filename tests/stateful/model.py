"""A second concentrator, written from protocol.md and architecture.md and not from the code: slow, naive, never forgets.

It knows what a node *meant* (which event, made when), where the real one only has bytes. It has no journal, no window and
no draft: a list of rows, a dictionary of all frames ever accepted. Its contacts are guarded at all hours: what arming, times and
late events mean to the others is the affair of `panel_model.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple

WINDOW = 32
MINUTE_S = 60
DELAYED_S = 30
HELD_S = 10
"""A button that is held says so 3 s after its press; what comes later is not of that press."""
KINDS = ("24_hour", "hold_up", "tamper")
"""Of a node's inputs. A latch of such a kind stays while one of them is active."""


_OF_PANELS = {"reset": "reset", "arm_home": "home", "disarm": "off"}
"""What a guard asks of a panel, as what a person at the concentrator does."""


class Event(NamedTuple):
    """Something happened at an input; `first` is the counter under which the node first sealed it."""

    code: int
    first: int
    at_s: int
    """0 = the node did not know."""
    levels: int
    urgent: bool


class Heartbeat(NamedTuple):
    """The node lives, and its inputs stand so."""

    levels: int


class Hello(NamedTuple):
    """The node has started."""

    challenge: bytes


class Strange(NamedTuple):
    """A body of a type that nobody knows yet."""

    urgent: bool


class Confirms(NamedTuple):
    """A node says how a command ended; "" = it calls it too late, which is not for it to say: it may not know the time."""

    number: int
    outcome: str


class Forged(NamedTuple):
    """Made without the key."""


Said = Event | Heartbeat | Hello | Strange | Confirms | Forged


class Frame(NamedTuple):
    """What went through the air: bytes, and what was meant by them."""

    node: int
    counter: int
    raw: bytes
    said: Said


class Row(NamedTuple):
    """A report, as far as it is foretold."""

    kind: str
    household: str | None
    node: int | None = None
    event_id: int | None = None
    counter: int | None = None
    delayed: bool = False
    doubtful: bool = False
    mode: str | None = None
    latched: tuple[str, ...] | None = None
    trouble: str | None = None
    outcome: tuple[int, str] | None = None


class Ack(NamedTuple):
    """An answer to a node."""

    node: int
    counter: int
    verdict: str
    mode: str


class Command(NamedTuple):
    """What the estate wants: `row` is the index of the report it answers."""

    number: int
    kind: str
    row: int
    until_ms: int


@dataclass
class Node:
    """All that was ever accepted from one node."""

    household: str
    accepted: dict[int, bytes] = field(default_factory=dict)
    events: set[int] = field(default_factory=set)
    levels: int = 0
    challenge: bytes = b""


@dataclass
class Home:
    """One household: its arm mode, what is latched, and each button's last press."""

    mode: str = "off"
    latched: set[str] = field(default_factory=set)
    pressed_ms: dict[int, int] = field(default_factory=dict)
    """By node: there is one button each."""


class Model:
    """What is true, by the specification."""

    def __init__(self, nodes: dict[int, str]) -> None:
        self.nodes = {number: Node(household) for number, household in nodes.items()}
        self.homes = {household: Home() for household in nodes.values()}
        self.rows: list[Row] = []
        self.waiting: dict[int, tuple[Command, int]] = {}
        """Commands on their way to a node."""
        self.last_command = 0
        self.troubled_s: dict[object, float] = {}
        """When a trouble was raised last; a restart forgets it."""

    def receive(self, frames: Sequence[Frame], link: str, wall_ms: int, monotonic_s: float, fails: bool) -> list[Ack]:
        """Frames that arrive together; if the disk `fails`, nothing that changes anything was ever there."""
        before = deepcopy(vars(self))
        acks = [ack for frame in frames if (ack := self._receive(frame, link, wall_ms, monotonic_s))]
        if fails and vars(self) != before:
            vars(self).update(before)
            return []
        return acks

    def _receive(self, frame: Frame, link: str, wall_ms: int, monotonic_s: float) -> Ack | None:
        if isinstance(frame.said, Forged):
            self._trouble("forgery", link, monotonic_s, Row("trouble", None, trouble="forgery"))
            return None
        node = self.nodes[frame.node]
        highest = max(node.accepted, default=0)
        if frame.counter <= highest - WINDOW:
            return None
        if node.accepted.get(frame.counter, frame.raw) != frame.raw:
            row = Row("trouble", node.household, frame.node, trouble="clone")
            self._trouble("clone", frame.node, monotonic_s, row)
            return None
        if frame.counter in node.accepted:
            verdict: str | None = None if isinstance(frame.said, Confirms) else "duplicate"
        else:
            node.accepted[frame.counter] = frame.raw
            verdict = self._take(frame, node, wall_ms)
            if isinstance(frame.said, Event | Heartbeat) and frame.counter > highest:
                node.levels = frame.said.levels
        return Ack(frame.node, frame.counter, verdict, self.homes[node.household].mode) if verdict else None

    def _take(self, frame: Frame, node: Node, wall_ms: int) -> str | None:
        home = self.homes[node.household]
        match frame.said:
            case Heartbeat():
                return "accepted"
            case Hello(challenge):
                if challenge == node.challenge:
                    return "duplicate"
                node.challenge = challenge
                self.rows.append(Row("node_started", node.household, frame.node, None, frame.counter))
                return "accepted"
            case Strange(urgent):
                row = Row("unknown_alarm" if urgent else "trouble", node.household, frame.node, None, frame.counter)
                trouble = None if urgent else "not_understood"
                self._signal(row._replace(doubtful=True, trouble=trouble), home)
                return "not_understood"
            case Confirms(number, outcome):
                if outcome and number in self.waiting and self.waiting[number][1] == frame.node:
                    self._end(number, outcome)
                return None
            case Event() as event:
                if event.first in node.events:
                    return "duplicate"
                node.events.add(event.first)
                self._event(frame, event, home, wall_ms)
                return "accepted"
        raise AssertionError(frame)

    def _event(self, frame: Frame, event: Event, home: Home, wall_ms: int) -> None:
        at_ms, household = event.at_s * 1000, self.nodes[frame.node].household
        ahead = at_ms > wall_ms + DELAYED_S * 1000
        doubtful = event.at_s == 0 or ahead
        delayed = not doubtful and wall_ms - at_ms > DELAYED_S * 1000
        moment_ms = wall_ms if doubtful else at_ms
        pressed_ms = home.pressed_ms.get(frame.node)
        is_known = pressed_ms is not None and 0 <= moment_ms - pressed_ms <= HELD_S * 1000
        if event.code == 3:
            home.pressed_ms[frame.node] = moment_ms
        kind, latch = {
            1: ("intrusion_alarm", "24_hour"),
            2: ("closed", None),
            3: ("hold_up_alarm", "hold_up"),
            4: ("tamper_alarm", "tamper"),
            5: ("tamper_restored", None),
            7: ("hold_up_held", None) if is_known else ("hold_up_alarm", "hold_up"),
        }.get(event.code, ("unknown_alarm" if event.urgent else "trouble", None))
        if latch:
            home.latched.add(latch)
        trouble = "not_understood" if kind == "trouble" else None
        row = Row(kind, household, frame.node, event.first & 0xFFFF, frame.counter, delayed, doubtful, trouble=trouble)
        self._signal(row, home)
        if ahead:
            self.rows.append(Row("trouble", household, frame.node, trouble="node_clock"))

    def person(self, household: str, action: str) -> None:
        """A person arms (`home`, `away`, whatever stands open), disarms (`off`) or resets; everybody is out at once."""
        home = self.homes[household]
        leaves = action == "away" != home.mode  # away again gives nobody time to leave in
        if action == "reset":
            levels = [node.levels for node in self.nodes.values() if node.household == household]
            active = {kind for bit, kind in enumerate(KINDS) for level in levels if level >> bit & 1}
            home.latched &= active - {"hold_up"}  # that a button was let go is not told before the next heartbeat
        else:
            home.mode = action
        kind = {"reset": "latch_reset", "off": "disarmed"}.get(action, "armed")
        self._signal(Row(kind, household), home)
        if leaves:
            self._signal(Row("exit_ended", household), home)

    def command(self, command: Command, wall_ms: int) -> None:
        """A command comes down; one that came before is nothing."""
        if command.number <= self.last_command:
            return
        self.last_command = command.number
        row = self.rows[command.row]
        assert row.household is not None
        self.waiting[command.number] = (command, row.node or 0)
        if wall_ms > command.until_ms:
            self._end(command.number, "expired")
        elif command.kind in _OF_PANELS:
            self.person(row.household, _OF_PANELS[command.kind])
            self._end(command.number, "done")
        elif command.kind == "test_end" or row.event_id is None:  # nobody is on TEST here
            self._end(command.number, "refused")

    def expire(self, wall_ms: int) -> None:
        """What is not true any more is not brought to a node."""
        for number in [number for number, (command, _) in self.waiting.items() if wall_ms > command.until_ms]:
            self._end(number, "expired")

    def restart(self) -> None:
        """A new process knows what is on the disk: all of it but when it last raised a trouble."""
        self.troubled_s.clear()

    def _end(self, number: int, outcome: str) -> None:
        command, _ = self.waiting.pop(number)
        household = self.rows[command.row].household
        self.rows.append(Row("command_outcome", household, outcome=(number, outcome)))

    def _signal(self, row: Row, home: Home) -> None:
        self.rows.append(row._replace(mode=home.mode, latched=tuple(sorted(home.latched))))

    def _trouble(self, kind: str, subject: object, monotonic_s: float, row: Row) -> None:
        last = self.troubled_s.get((kind, subject))
        if last is None or monotonic_s - last >= MINUTE_S:
            self.troubled_s[kind, subject] = monotonic_s
            self.rows.append(row)
