"""A concentrator's rooms in one process, on real files, with a clock that tests move and links that only remember."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.places import Address, Route
from anju.concentrator.downlink import Downlink
from anju.concentrator.journal import Journal
from anju.concentrator.keyring import Keyring, Link
from anju.concentrator.reception import Arrival, Reception
from anju.uplink.reports import Report, Zone, ZoneKind
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Body, Header, Hello, Message, Status
from anju.wire.messages import Extra as ExtraItem
from anju.wire.table import Code, Extra, Flag, LinkClass, Type

HOUSEHOLD = "3-2-0501"
DESTINATION = "duty_room"
ZONES = (
    Zone(number=0, name="front-door", kind=ZoneKind.ENTRY),
    Zone(number=1, name="bedside", kind=ZoneKind.HOLD_UP),
    Zone(number=2, name="case", kind=ZoneKind.TAMPER),
)


class HandClock:
    """Both clocks, moved by the test."""

    def __init__(self) -> None:
        self.now = Moment(1_790_000_000_000, 1000.0)

    def __call__(self) -> Moment:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self.now = Moment(self.now.wall_ms + int(seconds * 1000), self.now.monotonic_s + seconds)


class FarNode:
    """The node's end of a link: seals frames as a node would, opens what comes down. No rules of its own."""

    def __init__(self, link: Link, clock: HandClock, route: Route) -> None:
        self.address = link.address
        self.counter = 0
        self.route = route
        self._epoch = link.epoch
        self._clock = clock
        self._codec = Codec(receives=LinkClass.DOWN)
        self._codec.learn(*link.address, link.epoch, up=link.up, down=link.down)

    def frame(self, body: Body, extras: tuple[ExtraItem, ...] = (), counter: int | None = None) -> bytes:
        """A sealed frame, under the next counter unless one is given."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        return self._codec.seal(Header.up(*self.address, self._epoch, counter), body, extras)

    def event(
        self, code: int, zone: int = 0, *, event_id: int | None = None, time_s: int | None = None, levels: int = 0
    ) -> bytes:
        """A sealed EVENT; its id is the low half of its counter, as on a node, and its time is now."""
        if event_id is None:
            event_id = (self.counter + 1) & 0xFFFF
        flags = Flag.ACK_REQUESTED | (Flag.URGENT if code == Code.PANIC else 0)
        at_s = self._clock.now.wall_ms // 1000 if time_s is None else time_s
        return self.frame(Status(Type.EVENT, flags, at_s, event_id, code, zone, levels, 0, -128, 0, 0))

    def heartbeat(self, levels: int = 0) -> bytes:
        """A sealed HEARTBEAT."""
        at_s = self._clock.now.wall_ms // 1000
        return self.frame(Status(Type.HEARTBEAT, Flag.ACK_REQUESTED, at_s, 0, 0, 0, levels, 0, -128, 0, 0))

    def hello(self, challenge: bytes = b"8 random") -> bytes:
        """A sealed HELLO."""
        body = Hello(Type.HELLO, Flag.ACK_REQUESTED, challenge, 0, 1, 0, 1, 3, 0)
        return self.frame(body, (ExtraItem(Extra.BUILD, b"0.1.0 test"),))

    def open(self, frame: bytes) -> Message:
        """What the concentrator sent."""
        return self._codec.open(frame)


class Bench:
    """The rooms, and what they sent."""

    def __init__(self, folder: Path, clock: HandClock, keyring: Keyring, journal: Journal) -> None:
        self.folder = folder
        self.clock = clock
        self.keyring = keyring
        self.journal = journal
        self.sent: list[tuple[Route, bytes]] = []
        self.reception = Reception(keyring.codec, keyring, journal, self._send, clock)
        self.downlink = Downlink(keyring.codec, keyring, journal, self._send, clock)

    def _send(self, route: Route, frame: bytes) -> None:
        self.sent.append((route, frame))

    async def enrol(self, household: str = HOUSEHOLD, zones: tuple[Zone, ...] = ZONES) -> FarNode:
        """A node that both ends know."""
        link = await self.keyring.enrol(1, household, zones)
        return FarNode(link, self.clock, Route("udp", f"127.0.0.1:{5000 + link.address.node}"))

    async def receive(self, node: FarNode, *frames: bytes) -> list[Message]:
        """Let frames arrive together; what was sent back to the node."""
        return await self.receive_by(node.route, node, *frames)

    async def receive_by(self, route: Route, node: FarNode, *frames: bytes) -> list[Message]:
        """The same, by another route."""
        before = len(self.sent)
        await self.reception.receive([Arrival(frame, route) for frame in frames])
        return [node.open(frame) for _, frame in self.sent[before:]]

    async def acks(self, node: FarNode, *frames: bytes) -> list[Ack]:
        """The bodies of the acknowledgements that frames got."""
        return [message.body for message in await self.receive(node, *frames) if isinstance(message.body, Ack)]

    def reports(self) -> list[Report]:
        """Everything journalled, in order."""
        found = [self.journal.report(seq) for seq in range(1, self.journal.building.last_seq + 1)]
        return [report for report, _sha256 in filter(None, found)]

    def levels(self, node: FarNode) -> int:
        """The node's input levels as the concentrator believes them."""
        return self.journal.building.nodes[Address(*node.address)].levels


@asynccontextmanager
async def bench(folder: Path, clock: HandClock | None = None) -> AsyncIterator[Bench]:
    """A concentrator on the files of a folder, receiving; used again on the same folder it is a restart."""
    clock = clock or HandClock()
    keyring = Keyring.open(folder / "keyring.db")
    journal = await Journal.open(folder / "journal.db", clock, (DESTINATION,))
    rooms = Bench(folder, clock, keyring, journal)
    try:
        yield rooms
    finally:
        await journal.close()
        await keyring.close()
