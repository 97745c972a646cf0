"""Who has been silent for too long. Pure: what was heard comes in with its time, what is due goes out.

What a concentrator missed while it was down is not its nodes' silence, but what was silence before goes on over a restart: else
a node could be lost for ever, and nobody told, where restarts are frequent. `Listening` is how much of that can be told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from anju.concentrator.core.node_kinds import HEARTBEAT_S, LOST_S, SILENT_S, NodeKind
from anju.concentrator.core.places import Address

BRIEF_S = SILENT_S - HEARTBEAT_S
"""A break in listening so short that a node repeats its heartbeat beyond it."""


class Listening(NamedTuple):
    """Since when nodes have been listened to without a break of more than BRIEF_S, and until when (Unix ms)."""

    since_ms: int
    until_ms: int

    def is_broken(self, now_ms: int) -> bool:
        """Whether the break that ends now was longer, or a clock was set meanwhile: nobody knows."""
        return not self.since_ms <= self.until_ms <= now_ms <= self.until_ms + BRIEF_S * 1000

    def resumed(self, now_ms: int) -> Listening:
        """It goes on now."""
        return Listening(now_ms if self.is_broken(now_ms) else self.since_ms, now_ms)

    def silence_s(self, now_ms: int, heard_ms: int, silent_s: int, *, was_silent: bool) -> float:
        """How long a node counts as silent when listening goes on, if it was last heard, or paired, at `heard_ms`.

        After a break it has its whole time once more; one that `was_silent` before has it before it is lost. One that would
        have become silent in a brief break has another BRIEF_S.
        """
        since_ms = self.resumed(now_ms).since_ms
        if was_silent:
            most_s = LOST_S - silent_s + (now_ms - since_ms) / 1000
            return max(silent_s, min((now_ms - heard_ms) / 1000, most_s))
        passed_s = max(0, now_ms - max(heard_ms, since_ms)) / 1000
        return silent_s - BRIEF_S if abs(passed_s - silent_s) < BRIEF_S else passed_s


class Stage(StrEnum):
    """How long a node has been silent: SILENT is trouble, LOST is what may not stay unseen."""

    SILENT = "silent"
    LOST = "lost"


class Missed(NamedTuple):
    """A node that has been silent for so long."""

    address: Address
    stage: Stage


class Supervision:
    """When each node was heard, in seconds of the monotonic clock. Hearing and asking take constant time."""

    def __init__(self) -> None:
        self._heard: dict[Address, float] = {}
        self._waiting: dict[float, OrderedDict[Address, float]] = {}
        """By how long a node may be silent: nodes in the order in which they were heard."""
        self._silent_s: dict[Address, float] = {}
        self._silent: OrderedDict[Address, float] = OrderedDict()
        """Those that are, in the order in which they will be lost."""

    def heard(self, address: Address, kind: NodeKind, now_s: float) -> None:
        """A node speaks, or is expected to from now on if its kind is."""
        if kind.silent_s is None:
            self.forget(address)
            return
        known, silent_s = self._silent_s.get(address), min(kind.silent_s, LOST_S)
        if known is not None and known != silent_s:
            self._waiting[known].pop(address, None)
        self._silent_s[address] = silent_s
        self._heard[address] = now_s
        self._silent.pop(address, None)
        waiting = self._waiting.setdefault(silent_s, OrderedDict())
        waiting[address] = now_s
        waiting.move_to_end(address)

    def go_on(self, heard: Iterable[tuple[Address, NodeKind, float]]) -> None:
        """At a start: nodes, and when each counts as heard; whoever has spoken meanwhile has."""
        for address, kind, heard_s in heard:
            if address not in self._heard:
                self.heard(address, kind, heard_s)
        for silent_s, waiting in self._waiting.items():
            self._waiting[silent_s] = OrderedDict(sorted(waiting.items(), key=lambda item: item[1]))

    def forget(self, address: Address) -> None:
        """It is not expected any more."""
        self._heard.pop(address, None)
        self._silent.pop(address, None)
        silent_s = self._silent_s.pop(address, None)
        if silent_s is not None:
            self._waiting[silent_s].pop(address, None)

    def silence_s(self, address: Address, now_s: float) -> float | None:
        """How long a node has been silent; None: it is not expected."""
        heard_s = self._heard.get(address)
        return None if heard_s is None else now_s - heard_s

    def next_deadline(self) -> float | None:
        """When somebody will have been silent for too long if nobody speaks; None: nobody is expected."""
        return min(self._deadlines(), default=None)

    def due(self, now_s: float) -> list[Missed]:
        """Who has become silent or lost since this was asked."""
        missed: list[Missed] = []
        for silent_s, waiting in self._waiting.items():
            while waiting and (first := next(iter(waiting.items())))[1] + silent_s <= now_s:
                address, heard_s = first
                del waiting[address]
                self._silent[address] = heard_s
                missed.append(Missed(address, Stage.SILENT))
        if missed:
            self._silent = OrderedDict(sorted(self._silent.items(), key=lambda item: item[1]))
        while self._silent and (first := next(iter(self._silent.items())))[1] + LOST_S <= now_s:
            del self._silent[first[0]]
            missed.append(Missed(first[0], Stage.LOST))
        return missed

    def _deadlines(self) -> Iterator[float]:
        for silent_s, waiting in self._waiting.items():
            if waiting:
                yield next(iter(waiting.values())) + silent_s
        if self._silent:
            yield next(iter(self._silent.values())) + LOST_S
