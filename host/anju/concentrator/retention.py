"""Has the journal cut off what is old enough, a little at a time, so that nobody waits for it."""

from __future__ import annotations

import asyncio

import structlog

from anju.concentrator.core.ports import Clock, Journal
from anju.ledger import LedgerError

EVERY_S, BETWEEN_S = 600.0, 0.2
_DAY_MS = 86_400_000
_log = structlog.get_logger()


class Retention:
    """Keeps a journal's rows for some days, and a number of them however old."""

    def __init__(self, journal: Journal, clock: Clock, keep_days: int, keep_events: int) -> None:
        self._journal = journal
        self._clock = clock
        self._keep_ms, self._keep_events = keep_days * _DAY_MS, keep_events

    async def run(self) -> None:
        """Look every ten minutes, until cancelled."""
        while True:
            wait_s = EVERY_S
            try:
                if await self.look():
                    wait_s = BETWEEN_S
            except LedgerError as error:
                _log.warning("nothing was cut off the journal", error=error.what)
            await asyncio.sleep(wait_s)

    async def look(self) -> bool:
        """Cut off what is due, up to a few hundred rows; whether there may be more. LedgerError: nothing was."""
        return await self._journal.cut(self._clock().wall_ms - self._keep_ms, self._keep_events)
