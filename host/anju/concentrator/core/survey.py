"""What can be told of a link by listening: numbers that never came, frames that came again, tries, signal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

from anju.concentrator.core.freshness import WIDTH
from anju.concentrator.core.places import Linked
from anju.uplink.reports import NodeAddress, SurveyedNode
from anju.wire.messages import Ack, Body, Status

_ALL = (1 << WIDTH) - 1


@dataclass(slots=True)
class Tally:
    """Of one link, counted since `since_ms`."""

    since_ms: int
    heard: int = 0
    lost: int = 0
    repeated: int = 0
    tries: int = 0
    quality_down: int = 0
    _highest: int = 0
    _seen: int = 0
    """Bit n: the number n below the highest was heard."""

    def take(self, counter: int, body: Body) -> None:
        """An authentic frame came. Numbers that a node left out at a start are not lost: it goes on at its ceiling."""
        self.heard += 1
        step = counter - self._highest
        if step > 0:
            is_start = not self._highest or step >= WIDTH
            self.lost += 0 if is_start else step - 1
            self._highest, self._seen = counter, (1 if is_start else self._seen << step | 1) & _ALL
        elif self._seen >> -step & 1 or step <= -WIDTH:
            self.repeated += 1
        else:
            self._seen |= 1 << -step
            self.lost -= 1 if self.lost else 0  # late, not lost
        if isinstance(body, Status):
            self.tries = max(self.tries, body.tries)
        if isinstance(body, Status | Ack) and body.link_quality:
            self.quality_down = body.link_quality


def surveyed(
    link: Linked, tally: Tally | None, trips_s: Sequence[float], asked: int, last_heard_ms: int, firmware: str
) -> SurveyedNode:
    """What is known of one node; `trips_s`: how long its answers to `asked` probes took. `quality_up` is not: no link of this
    version measures how well the concentrator hears a node."""
    trips_ms = [max(1, ceil(trip * 1000)) for trip in trips_s]
    address = link.id.address
    return SurveyedNode(
        node=NodeAddress(network=address.network, node=address.node),
        device=link.device or None,
        firmware=firmware or None,
        asked=asked,
        answered=len(trips_ms),
        round_trip_ms=ceil(median(trips_ms)) if trips_ms else None,
        slowest_ms=max(trips_ms, default=None),
        last_heard_ms=last_heard_ms or None,
        since_ms=tally.since_ms if tally else None,
        heard=tally.heard if tally else 0,
        lost=tally.lost if tally else 0,
        repeated=tally.repeated if tally else 0,
        tries=tally.tries if tally else 0,
        quality_down=(tally.quality_down or None) if tally else None,
    )
