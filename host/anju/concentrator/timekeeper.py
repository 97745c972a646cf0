"""The timekeeper: looks at a household's panel when its next deadline has come. What follows from that, the panel decides."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from anju.concentrator.core.outage import Outage
from anju.concentrator.core.ports import Clock, Journal
from anju.concentrator.turns import AGAIN_S, Turns
from anju.ledger import LedgerError

TRY_AGAIN_S = 1.0
MOST_AT_ONCE = 256
"""Households in one commit."""
_log = structlog.get_logger()


class Timekeeper:
    """Waits for deadlines of panels. A deadline that comes early or late changes nothing of what is decided."""

    def __init__(self, journal: Journal, committed: asyncio.Event, clock: Clock) -> None:
        self._journal = journal
        self._committed = committed
        self._clock = clock
        self._turns = Turns(journal, clock, lambda draft, household: draft.look(household))

    async def run(self) -> None:
        """Look when it is time, until cancelled."""
        outage = Outage()
        while True:
            pause_s: float | None = TRY_AGAIN_S
            self._committed.clear()
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # nothing may stop the clock for good
                if outage.failed():
                    trace = None if isinstance(error, LedgerError) else error
                    _log.error("timers wait; trying again", error=repr(error), exc_info=trace)
            else:
                if outage.worked():
                    _log.info("timers run again")
                pause_s = self._pause_s()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._committed.wait()

    async def look(self) -> None:
        """Carry out all that is due; LedgerError if nothing can be committed."""
        deadlines = self._journal.building.deadlines
        while due := deadlines.due(self._clock().monotonic_s, MOST_AT_ONCE):
            before = {household: deadlines.of(household) for household in due}
            await self._turns.take(due)
            for household in due:
                if not self._turns.is_aside(household) and deadlines.of(household) == before[household]:
                    self._turns.put_aside(household, RuntimeError("what is due stays due"))
                if self._turns.is_aside(household):
                    deadlines.set(household, self._clock().monotonic_s + AGAIN_S)

    def _pause_s(self) -> float | None:
        due_s = self._journal.building.deadlines.next_s
        return None if due_s is None else max(0.0, due_s - self._clock().monotonic_s)
