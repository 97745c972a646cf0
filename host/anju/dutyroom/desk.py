"""The desk: everything that changes something goes through here. First it is written, then it is shown, as the log has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from anju.dutyroom.board import Board
from anju.dutyroom.core.change import Change
from anju.dutyroom.core.incident import Reason
from anju.dutyroom.core.link import Link
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen, Stands, Told
from anju.dutyroom.core.panels import Message, Said
from anju.dutyroom.core.presence import Presence
from anju.dutyroom.core.request import Arrival, Handling, Order, Ordered, Person
from anju.dutyroom.links import Links
from anju.dutyroom.store import Store
from anju.ledger import LedgerError
from anju.uplink.commands import CommandPage
from anju.uplink.receipts import Receipt
from anju.uplink.reports import Batch

T = TypeVar("T")

_TICK_S = 1.0

_logger = structlog.get_logger()


class Desk(Board):
    """A board on the store that it writes."""

    def __init__(self, store: Store, wall_ms: Callable[[], int], monotonic_s: Callable[[], float]) -> None:
        super().__init__(store, wall_ms)
        self._store = store
        self._links = Links(store.concentrators(), self.troubles(), monotonic_s)
        self._shown_more = asyncio.Event()
        self._is_faulty = False
        self._presence = Presence()
        self._told = Told()
        self._stands = Stands(store.standing())
        self._monotonic_s = monotonic_s

    @classmethod
    def of(cls, store: Store) -> Desk:
        """A desk on this machine's clocks."""
        return cls(store, lambda: time.time_ns() // 1_000_000, time.monotonic)

    # What concentrators ask.

    async def receive(self, batch: Batch) -> Receipt:
        """Commit a batch whose hashes were checked and show what came of it."""
        self._links.heard(batch.journal_id, batch.concentrator)
        return await self._commit(self._store.receive(batch, self._wall_ms()))

    async def commands(
        self, journal_id: str, after: int, wait_s: float, concentrator: str | None = None
    ) -> CommandPage:
        """A journal's commands above a number, as soon as there are any; an empty page when the wait is over."""
        self._links.heard(journal_id, concentrator)
        try:
            async with asyncio.timeout(wait_s):
                while not (page := self._store.commands_after(journal_id, after)) and not self._stopping:
                    await self._shown_more.wait()
        except TimeoutError:
            page = ()
        return CommandPage(commands=page)

    def owner(self, journal_id: str) -> str | None:
        """The concentrator that a journal is of; None for one that is not known yet."""
        return self._store.owner(journal_id)

    async def present(self, concentrator: str, instance: str) -> bool:
        """Note that this start of a concentrator speaks; whether it has become known that two do so, which is logged."""
        if not self._presence.are_two(concentrator, instance):
            return False
        return await self.see(Seen(OwnTrouble.TWO_CONCENTRATORS, concentrator))

    async def see(self, seen: Seen) -> bool:
        """Log a trouble that the duty room itself sees; False if it was told lately, or could not be written."""
        now_ms = self._wall_ms()
        if not self._told.is_news(seen, now_ms):
            return False
        try:
            await self._commit(self._store.note_own(seen, now_ms))
        except LedgerError:
            return False  # the page shows it as a fault of the disk
        return True

    async def dates(self, machine: str, seen: Seen | None) -> bool:
        """Note what is wrong with a machine's certificate or address, None: nothing; whether that is news, which is logged."""
        now_s = self._monotonic_s()
        if not self._stands.is_news(machine, seen, now_s):
            return False
        try:
            await self._commit(self._store.note_standing(machine, seen, self._wall_ms()))
        except LedgerError:
            return False  # the page shows it as a fault of the disk; the next request tries again
        self._stands.note(machine, seen, now_s)
        return True

    # What other makers' panels say.

    async def take_message(self, message: Message) -> bool:
        """Commit and show what a panel says; False for what was committed before."""
        return await self._commit(self._store.take_message(message, self._wall_ms()))

    async def tell_of_panel(self, household: str | None, said: Said) -> None:
        """Commit and show what is seen of a panel."""
        await self._commit(self._store.tell_of_panel(household, said, self._wall_ms()))

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

    # What is shown.

    def links(self) -> list[Link]:
        """How each concentrator's link is."""
        return self._links.now()

    def is_faulty(self) -> bool:
        """Whether the last attempt to write failed: then new alarms can't be taken."""
        return self._is_faulty

    def calls(self) -> bool:
        """Whether there is an alarm that nobody has seen."""
        return any(incident.unseen for incident in self._open.values())

    async def news(self, after: int, wait_s: float) -> None:
        """Wait until there is a change with a number above this one, or the wait is over."""
        try:
            async with asyncio.timeout(wait_s):
                while self._shown <= after and not self._stopping:
                    await self._shown_more.wait()
        except TimeoutError:
            pass

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
        super().stop()
        self._wake()

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
        super()._show()
        self._wake()

    def _wake(self) -> None:
        self._shown_more.set()
        self._shown_more = asyncio.Event()
