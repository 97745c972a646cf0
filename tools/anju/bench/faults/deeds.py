"""What the nodes did, in their own words, and how that compares with what the duty room holds in the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from anju.uplink.reports import Lane, Report


class EventName(NamedTuple):
    """By which a node's event is known for ever: the counter that it was first sealed under is used for no other."""

    network: int
    node: int
    epoch: int
    first_counter: int
    code: int

    def __str__(self) -> str:
        return f"node {self.network}/{self.node} epoch {self.epoch} event {self.first_counter} code {self.code}"


class Held(NamedTuple):
    """An event that the duty room holds: whose, and in which lane it came."""

    name: EventName
    household: str
    lane: Lane


class Verdict(NamedTuple):
    """Empty, empty and empty is what is wanted; each line says which event."""

    lost: tuple[str, ...]
    duplicated: tuple[str, ...]
    reordered: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether all that was done is held, once, in its order, and nothing else."""
        return not (self.lost or self.duplicated or self.reordered)


class _Deed(NamedTuple):
    household: str
    made: int


class Deeds:
    """Takes down, in one order for all nodes, when each made an event and when it was told that it is durable."""

    def __init__(self) -> None:
        self._moment = 0
        self._made: dict[EventName, _Deed] = {}
        self._acked: dict[EventName, int] = {}

    @property
    def made(self) -> int:
        """How many events there are."""
        return len(self._made)

    @property
    def unacked(self) -> int:
        """How many of them no node has an acknowledgement for."""
        return len(self._made) - len(self._acked)

    def make(self, name: EventName, household: str) -> None:
        """A node has made an event. ValueError: it has made this one before."""
        if name in self._made:
            raise ValueError(f"{name} was made twice")
        self._moment += 1
        self._made[name] = _Deed(household, self._moment)

    def ack(self, name: EventName) -> None:
        """A node was told that an event is durable."""
        self._moment += 1
        self._acked.setdefault(name, self._moment)

    def compare(
        self, held: Iterable[Held], where: str = "the duty room", among: Collection[EventName] | None = None
    ) -> Verdict:
        """With everything of nodes that somebody holds, in the order of its arrival; `among`: what has to be there, None: all."""
        there = list(held)
        times = Counter(one.name for one in there)
        lost = [
            f"{name}: {'acknowledged' if name in self._acked else 'made'}, not in {where}"
            for name in self._made
            if name not in times and (among is None or name in among)
        ]
        doubled = [f"{name}: {count} times in {where}" for name, count in times.items() if count > 1]
        doubled += [f"{name}: in {where}, and no node made it" for name in times if name not in self._made]
        return Verdict(tuple(lost), tuple(doubled), tuple(self._reordered(there)))

    def _reordered(self, there: Iterable[Held]) -> Iterable[str]:
        """What came after an event that was made only once its node's household knew this one to be durable.

        Frames that are in the air together may arrive in any order. So two events have an order where one was acknowledged
        before the other was made; of those, within a household and a lane, the earlier has to come first.
        """
        lanes: defaultdict[tuple[str, Lane], list[EventName]] = defaultdict(list)
        for one in there:
            if one.name in self._made:
                lanes[one.household, one.lane].append(one.name)
        for (household, lane), names in lanes.items():
            latest, of = 0, None
            for name in dict.fromkeys(names):
                if self._acked.get(name, self._moment + 1) < latest:
                    yield f"{name}: after {of}, which was made later ({household}, {lane})"
                if self._made[name].made > latest:
                    latest, of = self._made[name].made, name


def events_of(reports: Iterable[Report]) -> Iterable[Held]:
    """Those of reports that tell of a node's event."""
    for report in reports:
        if (name := name_of(report)) is not None:
            yield Held(name, report.household or "", report.lane)


def name_of(report: Report) -> EventName | None:
    """The node's event that a report tells of."""
    told, node = report.witnessed, report.node
    if told is None or node is None:
        return None
    return EventName(node.network, node.node, told.epoch, told.first_counter, told.code)
