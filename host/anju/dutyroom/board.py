"""The board: what is shown of the duty room's records, and who follows it. It changes nothing, and may stand in another process.

Whatever shows incidents subscribes. A change is offered to every subscriber after its commit and never before, in the order of
the log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from anju.dutyroom.core.change import Change, Story
from anju.dutyroom.core.incident import Incident, State
from anju.dutyroom.core.on_test import OnTest
from anju.dutyroom.core.ports import Stream
from anju.dutyroom.core.queue import in_order
from anju.dutyroom.core.request import Person
from anju.dutyroom.store import Records

MOST_WAITING = 256
"""Changes that a subscriber may be behind before it is dropped."""
MOST_REPLAYED = 500
"""Changes that are told again to a subscriber that comes back; one that missed more reads everything anew."""
_SHOWN_AT_ONCE = 64
_DAY_MS = 24 * 3600 * 1000
_MOST_LISTED = 200


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


class Board:
    """Open incidents and subscribers, kept in step with the records."""

    def __init__(self, records: Records, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._subscriptions: set[Subscription] = set()
        self._stopping = False
        self._names: dict[int, str] = {}
        self._read(records)

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
        return self._records.story(incident_id)

    def closings(self, since_ms: int) -> list[Change]:
        """The newest closings since a time, newest first."""
        return self._records.closings_since(since_ms, _MOST_LISTED)

    def troubles(self) -> list[Change]:
        """The newest troubles of the last 24 hours, newest first."""
        return self._records.troubles_since(self._wall_ms() - _DAY_MS, _MOST_LISTED)

    def on_test(self) -> list[OnTest]:
        """The households that are on TEST, by their names."""
        return self._records.on_test(self._wall_ms())

    def at_desk(self, token: str) -> Person | None:
        """Who sits at the browser with this token."""
        return self._records.at_desk(token, self._wall_ms())

    def name_of(self, person: int | None) -> str:
        """A person's name; empty for nobody and for somebody who was forgotten."""
        if person and person not in self._names:
            self._names = self._records.names()
        return self._names.get(person or 0, "")

    def subscribe(self, after: int | None) -> Subscription:
        """Changes from now on, and before them those after a number. `leave` ends it."""
        self._show()
        missed: list[Change] | None = []
        if after is not None and after != self._shown:
            missed = self._records.changes_after(after, MOST_REPLAYED + 1)
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

    def stop(self) -> None:
        """End every subscription, so that the servers can end."""
        self._stopping = True
        for subscription in self._subscriptions:
            subscription.end()

    def _read(self, records: Records) -> None:
        """Stand on these records from now on."""
        self._records = records
        self._open = records.open_incidents()
        self._shown = records.newest()
        self._names = records.names()

    def _show(self) -> None:
        """Offer everything that was committed since the last time, in order."""
        while changes := self._records.changes_after(self._shown, _SHOWN_AT_ONCE):
            for change in changes:
                self._shown = change.number
                self._remember(change.incident)
                for subscription in self._subscriptions:
                    subscription.offer(change)

    def _remember(self, incident: Incident | None) -> None:
        if incident is None:
            return
        if incident.state is State.CLOSED:
            self._open.pop(incident.id, None)
        else:
            self._open[incident.id] = incident
