"""Who has been silent for too long. Pure: what was heard comes in with its time, what is due goes out.

A node counts as heard when this begins to listen: what a concentrator missed while it was down is not its nodes' silence.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from anju.concentrator.core.node_kinds import LOST_S, NodeKind
from anju.concentrator.core.places import Address


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
