"""What the concentrator remembers of one node between two of its frames."""

from __future__ import annotations

from typing import NamedTuple

from anju.concentrator.core.battery import History
from anju.concentrator.core.freshness import Freshness, Window
from anju.concentrator.core.places import Address, Route
from anju.wire.messages import Header


class EventKey(NamedTuple):
    """One event of one node, however often and under whatever counter it is sealed."""

    address: Address
    epoch: int
    first_counter: int

    @classmethod
    def of(cls, header: Header, event_id: int) -> EventKey:
        """From a frame: an event id is the low half of the first counter, so that is the newest one ending in it.

        The id alone would not do. It comes round every 65,536 counters, heartbeats included, and a new alarm must not
        pass for an old one.
        """
        first_counter = header.counter - ((header.counter - event_id) & 0xFFFF)
        return cls(Address(header.network, header.node), header.epoch, first_counter)


class NodeState(NamedTuple):
    """Counters, levels and route of a node; `boot` is the challenge of its last HELLO."""

    epoch: int = 0
    window: Window = Window()
    levels: int = 0
    last_seen_ms: int = 0
    route: Route | None = None
    boot: bytes = b""
    firmware: str = ""
    evidence: bytes = b""
    """Digest of its last statement."""
    started: int = 0
    """Counter of its last HELLO: what has a higher first counter was after that start."""
    battery: History = History()

    def judge(self, epoch: int, counter: int, tag: bytes) -> Freshness:
        """Whether a frame is new; an older key epoch never is, a newer one starts a window of its own."""
        if epoch < self.epoch:
            return Freshness.REPLAY
        window = self.window if epoch == self.epoch else Window()
        return window.judge(counter, tag)

    def heard(self, epoch: int, counter: int, tag: bytes, route: Route, now_ms: int) -> NodeState:
        """The state after a fresh frame; the route follows only the newest counter."""
        window = self.window if epoch == self.epoch else Window()
        newest = epoch > self.epoch or counter > window.highest
        return self._replace(
            epoch=epoch,
            window=window.accept(counter, tag),
            last_seen_ms=now_ms,
            route=route if newest else self.route,
        )
