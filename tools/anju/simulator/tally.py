"""The account: what was done at the inputs, what the nodes made of it, and what the duty room holds in the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

EventName: TypeAlias = tuple[int, int]
"""A node's number and the event's id, its low 16 bits of a counter."""


class Held(NamedTuple):
    """A report that the duty room holds; `event` is None where no node made it."""

    seq: int
    event: EventName | None


class Stimulus(NamedTuple):
    """An input was driven so that an event of this code has to follow."""

    code: int
    at: float


@dataclass(frozen=True, slots=True)
class Account:
    """`lost` lists what was done and is not held; `doubled` what is held, or was made, more often than it was done."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    held: int

    @property
    def balanced(self) -> bool:
        """Whether everything that was done is held exactly once."""
        return not self.lost and not self.doubled


class Tally:
    """Follows stimuli, events and acknowledgements as they happen; compares with the duty room in the end."""

    def __init__(self) -> None:
        self._waiting: defaultdict[int, list[Stimulus]] = defaultdict(list)
        self._made: Counter[EventName] = Counter()
        self._unprompted: list[str] = []
        self._unacked: Counter[EventName] = Counter()
        self._promised: set[int] = set()

    @property
    def events(self) -> int:
        """Distinct events that nodes said they made."""
        return self._made.total()

    @property
    def unmade(self) -> int:
        """Stimuli of which no event has come yet."""
        return sum(map(len, self._waiting.values()))

    def unnoticed(self, node: int) -> bool:
        """Whether something was done at a node's inputs of which no event has come yet."""
        return bool(self._waiting[node])

    @property
    def unacked(self) -> int:
        """Events that their nodes still hold as undelivered."""
        return self._unacked.total()

    def driven(self, node: int, code: int, at: float) -> None:
        """An input of a node was driven; it has to make an event of this code."""
        self._waiting[node].append(Stimulus(code, at))

    def made(self, node: int, event_id: int, code: int) -> Stimulus | None:
        """A node said that it made an event; the stimulus that it answers, or None if nobody did anything."""
        self._made[node, event_id] += 1
        self._unacked[node, event_id] += 1
        waiting = self._waiting[node]
        for position, stimulus in enumerate(waiting):
            if stimulus.code == code:
                return waiting.pop(position)
        self._unprompted.append(f"node {node} event {event_id} code {code}: made without a stimulus")
        return None

    def acked(self, node: int, event_id: int) -> None:
        """A node said that it knows an event to be durable; said again, it changes nothing."""
        self._unacked.pop((node, event_id), None)

    def promised(self, seq: int) -> None:
        """The concentrator said that it has journalled what a person did at a panel."""
        self._promised.add(seq)

    def compare(self, held: Iterable[Held]) -> Account:
        """The account against everything that the duty room holds."""
        reports = tuple(held)
        there = Counter(report.event for report in reports if report.event is not None)
        seqs = {report.seq for report in reports}
        lost = [
            f"node {node}: a stimulus for code {stimulus.code} made no event"
            for node, waiting in self._waiting.items()
            for stimulus in waiting
        ]
        lost += [
            f"node {node} event {event_id}: not in the duty room" for node, event_id in (self._made - there).elements()
        ]
        lost += [f"report {seq} of a person: not in the duty room" for seq in sorted(self._promised - seqs)]
        doubled = self._unprompted + [
            f"node {node} event {event_id}: once too often in the duty room"
            for node, event_id in (there - self._made).elements()
        ]
        return Account(tuple(lost), tuple(doubled), there.total())
