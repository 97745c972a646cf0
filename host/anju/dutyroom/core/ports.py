"""What the rooms that talk to the outside need of the duty room; the app gives it to them, a test gives them a fake."""

from __future__ import annotations

from typing import Protocol

from anju.dutyroom.core.change import Change, Story
from anju.dutyroom.core.incident import Incident, Reason
from anju.dutyroom.core.link import Link
from anju.dutyroom.core.on_test import OnTest
from anju.dutyroom.core.own_trouble import Seen
from anju.dutyroom.core.request import Arrival, Handling, Order, Ordered, Person
from anju.uplink.commands import CommandPage
from anju.uplink.receipts import Receipt
from anju.uplink.reports import Batch

CALLER = "anju.caller"
"""In the scope of a request: the building whose concentrator asks, where that is certain."""

PEER = "anju.peer"
"""In the scope: the certificate of the connection, DER; absent where there is none, as on a socket."""


class Estate(Protocol):
    """What concentrators need."""

    async def receive(self, batch: Batch) -> Receipt:
        """Commit a batch whose hashes were checked; the receipt is true when this returns."""
        ...

    async def commands(
        self, journal_id: str, after: int, wait_s: float, concentrator: str | None = None
    ) -> CommandPage:
        """A journal's commands above a number, as soon as there are any; who asks, where that is certain."""
        ...

    def owner(self, journal_id: str) -> str | None:
        """The concentrator that a journal is of; None for one that is not known yet."""
        ...

    async def present(self, concentrator: str, instance: str) -> bool:
        """Note that this start of a concentrator speaks; whether it has become known that two do so, which is logged."""
        ...

    async def see(self, seen: Seen) -> bool:
        """Log a trouble that the duty room itself sees; False if it was told lately, or could not be written."""
        ...

    async def dates(self, machine: str, seen: Seen | None) -> bool:
        """Note what is wrong with the dates of a machine's certificate, None: nothing; whether that is news, which is logged."""
        ...


class Orders(Protocol):
    """What somebody needs who asks something of a panel."""

    def now_ms(self) -> int:
        """The time by which the duty room works."""
        ...

    async def order(self, order: Order) -> Ordered | Reason:
        """Commit what somebody asks of a household's panel. NoSuchHousehold, KeyReused."""
        ...

    def ordered(self, number: int) -> Ordered | None:
        """What has become of a command."""
        ...


class Terminals(Protocol):
    """What the processes need that show a page."""

    async def handle(self, request: Handling) -> Change | Reason:
        """Commit what a person does. NoSuchIncident, KeyReused."""
        ...

    async def sit_down(self, arrival: Arrival) -> Person:
        """Commit who sits at a browser now."""
        ...

    async def news(self, after: int, wait_s: float) -> None:
        """Wait until there is a change with a number above this one, or the wait is over."""
        ...

    def newest(self) -> int:
        """The number of the newest change."""
        ...

    def links(self) -> list[Link]:
        """How each concentrator's link is."""
        ...

    def is_faulty(self) -> bool:
        """Whether the last attempt to write failed."""
        ...


class Stream(Protocol):
    """Changes for one reader: `missed` first (None: too much, read everything anew), then `next` until `ended`."""

    missed: list[Change] | None
    ended: bool

    async def next(self, wait_s: float) -> Change | None:
        """The next change, or None when the wait is over or this has ended."""
        ...


class Console(Protocol):
    """What the page needs."""

    async def handle(self, request: Handling) -> Change | Reason:
        """Commit what a person does. NoSuchIncident, KeyReused."""
        ...

    async def sit_down(self, arrival: Arrival) -> Person:
        """Commit who sits at a browser now."""
        ...

    def at_desk(self, token: str) -> Person | None:
        """Who sits at the browser with this token."""
        ...

    def now_ms(self) -> int:
        """The time by which the duty room works."""
        ...

    def newest(self) -> int:
        """The number of the newest change that is shown."""
        ...

    def queue(self) -> list[Incident]:
        """The open incidents, the most urgent first."""
        ...

    def story(self, incident_id: int) -> Story | None:
        """All that is known of one incident."""
        ...

    def closings(self, since_ms: int) -> list[Change]:
        """The newest closings since a time, newest first."""
        ...

    def troubles(self) -> list[Change]:
        """The newest troubles of the last 24 hours, newest first."""
        ...

    def links(self) -> list[Link]:
        """How each concentrator's link is."""
        ...

    def on_test(self) -> list[OnTest]:
        """The households that are on TEST, by their names."""
        ...

    def name_of(self, person: int | None) -> str:
        """A person's name; empty for nobody."""
        ...

    def is_faulty(self) -> bool:
        """Whether the last attempt to write failed: then new alarms can't be taken."""
        ...

    def subscribe(self, after: int | None) -> Stream:
        """Changes from now on, and before them those after a number."""
        ...

    def leave(self, stream: Stream) -> None:
        """This reader has gone."""
        ...
