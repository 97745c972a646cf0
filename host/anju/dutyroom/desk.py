"""The desk: everything that changes something goes through here. First it is written, then it is shown, in the order of the log.

Whatever shows incidents subscribes. A change is offered to every subscriber after its commit and never before.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from anju.dutyroom.core.change import Change, Story
from anju.dutyroom.core.incident import Incident, Reason, State
from anju.dutyroom.core.link import Link
from anju.dutyroom.core.on_test import OnTest
from anju.dutyroom.core.ports import Stream
from anju.dutyroom.core.queue import in_order
from anju.dutyroom.core.request import Arrival, Handling, Order, Ordered, Person
from anju.dutyroom.links import Links
from anju.dutyroom.store import Store
from anju.ledger import LedgerError
from anju.uplink.commands import CommandPage
from anju.uplink.receipts import Receipt
from anju.uplink.reports import Batch

T = TypeVar("T")

MOST_WAITING = 256
"""Changes that a subscriber may be behind before it is dropped."""
MOST_REPLAYED = 500
"""Changes that are told again to a subscriber that comes back; one that missed more reads everything anew."""
_SHOWN_AT_ONCE = 64
_TICK_S = 1.0
_DAY_MS = 24 * 3600 * 1000
_MOST_LISTED = 200

_logger = structlog.get_logger()


class Subscription:
    """One reader's view of the changes: `missed` first (None: too much, read everything anew), then `next`."""

    def __init__(self, missed: list[Change] | None) -> None:
        self.missed = missed
        self.ended = False
        self._waiting: deque[Change] = deque()
        self._news = asyncio.Event()

    def offer(self, change: Change) -> None:
        """Hand over a change; a reader that is too far behind is ended instead."""
        if len(self._waiting) >= MOST_WAITING:
            self.end()
        elif not self.ended:
            self._waiting.append(change)
            self._news.set()

    def end(self) -> None:
        """No further change; what waits is dropped, because the reader comes back for it."""
        self.ended = True
        self._waiting.clear()
        self._news.set()

    async def next(self, wait_s: float) -> Change | None:
        """The next change, or None when the wait is over or this has ended."""
        try:
            async with asyncio.timeout(wait_s):
                while not self._waiting and not self.ended:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return None
        return self._waiting.popleft() if self._waiting else None


class Desk:
    """Store, open incidents and subscribers, kept in step."""

    def __init__(self, store: Store, wall_ms: Callable[[], int], monotonic_s: Callable[[], float]) -> None:
        self._store = store
        self._wall_ms = wall_ms
        self._open = store.open_incidents()
        self._shown = store.newest()
        self._names = store.names()
        self._links = Links(store.concentrators(), self.troubles(), monotonic_s)
        self._subscriptions: set[Subscription] = set()
        self._commands_given = asyncio.Event()
        self._stopping = False
        self._is_faulty = False

    @classmethod
    def of(cls, store: Store) -> Desk:
        """A desk on this machine's clocks."""
        return cls(store, lambda: time.time_ns() // 1_000_000, time.monotonic)

    # What concentrators ask.

    async def receive(self, batch: Batch) -> Receipt:
        """Commit a batch whose hashes were checked and show what came of it."""
        self._links.heard(batch.journal_id, batch.concentrator)
        return await self._commit(self._store.receive(batch, self._wall_ms()))

    async def commands(self, journal_id: str, after: int, wait_s: float) -> CommandPage:
        """A journal's commands above a number, as soon as there are any; an empty page when the wait is over."""
        self._links.heard(journal_id)
        try:
            async with asyncio.timeout(wait_s):
                while not (page := self._store.commands_after(journal_id, after)) and not self._stopping:
                    await self._commands_given.wait()
        except TimeoutError:
            page = ()
        return CommandPage(commands=page)

    # What people ask.

    async def handle(self, request: Handling) -> Change | Reason:
        """Commit and show what a person does: the change, or the reason why there is none. NoSuchIncident, KeyReused."""
        return await self._commit(self._store.handle(request))

    async def order(self, order: Order) -> Ordered | Reason:
        """Commit what somebody asks of a household's panel. NoSuchHousehold, KeyReused."""
        answer = await self._commit(self._store.order(order))
        self._names = self._store.names()
        return answer

    def ordered(self, number: int) -> Ordered | None:
        """What has become of a command."""
        return self._store.ordered(number)

    async def sit_down(self, arrival: Arrival) -> Person:
        """Commit who sits at a browser now."""
        person = await self._commit(self._store.sit_down(arrival, self._wall_ms()))
        self._names = self._store.names()
        return person

    def at_desk(self, token: str) -> Person | None:
        """Who sits at the browser with this token."""
        return self._store.at_desk(token, self._wall_ms())

    # What is shown.

    def now_ms(self) -> int:
        """The time by which this desk works."""
        return self._wall_ms()

    def newest(self) -> int:
        """The number of the newest change that is shown."""
        return self._shown

    def queue(self) -> list[Incident]:
        """The open incidents, the most urgent first."""
        return in_order(self._open.values())

    def story(self, incident_id: int) -> Story | None:
        """All that is known of one incident, closed ones as well."""
        return self._store.story(incident_id)

    def closings(self, since_ms: int) -> list[Change]:
        """The newest closings since a time, newest first."""
        return self._store.closings_since(since_ms, _MOST_LISTED)

    def troubles(self) -> list[Change]:
        """The newest troubles of the last 24 hours, newest first."""
        return self._store.troubles_since(self._wall_ms() - _DAY_MS, _MOST_LISTED)

    def links(self) -> list[Link]:
        """How each concentrator's link is."""
        return self._links.now()

    def on_test(self) -> list[OnTest]:
        """The households that are on TEST, by their names."""
        return self._store.on_test(self._wall_ms())

    def name_of(self, person: int | None) -> str:
        """A person's name; empty for nobody and for somebody who was forgotten."""
        return self._names.get(person or 0, "")

    def is_faulty(self) -> bool:
        """Whether the last attempt to write failed: then new alarms can't be taken."""
        return self._is_faulty

    def subscribe(self, after: int | None) -> Subscription:
        """Changes from now on, and before them those after a number. `leave` ends it."""
        self._show()
        missed: list[Change] | None = []
        if after is not None and after != self._shown:
            missed = self._store.changes_after(after, MOST_REPLAYED + 1)
            if len(missed) > MOST_REPLAYED or after > self._shown:
                missed = None
        subscription = Subscription(missed)
        if self._stopping:
            subscription.end()
        self._subscriptions.add(subscription)
        return subscription

    def leave(self, stream: Stream) -> None:
        """This subscriber has gone."""
        self._subscriptions = {one for one in self._subscriptions if one is not stream}

    # How it lives.

    async def watch(self) -> None:
        """Until cancelled: notice links that are lost or back."""
        while True:
            await asyncio.sleep(_TICK_S)
            for what, concentrator in self._links.turns():
                try:
                    await self._commit(self._store.note_link(what, concentrator, self._wall_ms()))
                except LedgerError:
                    continue  # the page shows it as a fault of the disk, and the turn stands in the top strip

    def stop(self) -> None:
        """End every wait, so that the servers can end."""
        self._stopping = True
        self._wake()
        for subscription in self._subscriptions:
            subscription.end()

    async def _commit(self, writing: Awaitable[T]) -> T:
        """Write, then show; a caller who hangs up meanwhile does not keep others from seeing what was written."""
        work = asyncio.ensure_future(self._write_and_show(writing))
        return await asyncio.shield(work)

    async def _write_and_show(self, writing: Awaitable[T]) -> T:
        try:
            result = await writing
        except LedgerError as error:
            if not self._is_faulty:
                _logger.error("not_written", what=error.what)
            self._is_faulty = True
            raise
        self._is_faulty = False
        self._show()
        return result

    def _show(self) -> None:
        """Offer everything that was committed since the last time, in order."""
        while changes := self._store.changes_after(self._shown, _SHOWN_AT_ONCE):
            for change in changes:
                self._shown = change.number
                self._remember(change.incident)
                for subscription in self._subscriptions:
                    subscription.offer(change)
        self._wake()

    def _remember(self, incident: Incident | None) -> None:
        if incident is None:
            return
        if incident.state is State.CLOSED:
            self._open.pop(incident.id, None)
        else:
            self._open[incident.id] = incident

    def _wake(self) -> None:
        self._commands_given.set()
        self._commands_given = asyncio.Event()
