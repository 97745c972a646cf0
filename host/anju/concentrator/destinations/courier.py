"""Brings one third party what it is owed, in order and until it is taken; what goes wrong here delays nobody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from anju.concentrator.core.outage import Outage
from anju.concentrator.core.ports import Attempt, Clock, Delivered, Destination, Outbox, Trial, Undelivered
from anju.concentrator.destinations import waiting
from anju.ledger import LedgerError
from anju.service.errors import ServiceError
from anju.uplink.reports import Report

FIRST_RETRY_S, LAST_RETRY_S, LAST_PAUSE_S = 0.5, 2.0, 30.0
"""After the first failure; at most while an alarm is owed; at most in any case."""
AT_ONCE = 8
"""So few, that an alarm waits for few others, and that few are told twice after a power cut."""
TEST_S = 8.0
_EXPECTED = (Undelivered, ServiceError, LedgerError, OSError, TimeoutError)
_log = structlog.get_logger()


class Courier:
    """One third party; `make` opens it, and ServiceError from that is one more way to fail."""

    def __init__(self, name: str, outbox: Outbox, make: Callable[[], Destination], clock: Clock) -> None:
        self.name = name
        self.why = ""
        """Why the last try failed; empty once one has worked."""
        self.taken_at_ms: int | None = None
        """When something was taken last, since this start."""
        self._outbox = outbox
        self._make = make
        self._clock = clock
        self._made: Destination | None = None
        self._committed = outbox.subscribe()
        self._failing_since_s: float | None = None

    def down_s(self, now_s: float) -> float:
        """For how long it has not been reached, by the monotonic clock; 0 while it is, or is off."""
        return 0.0 if self._failing_since_s is None else now_s - self._failing_since_s

    @property
    def warnings(self) -> list[str]:
        """What a person should know of how it is set up; ServiceError where it can't be opened."""
        return list(self._opened().warnings)

    async def run(self) -> None:
        """Deliver until cancelled."""
        attempt = self._outbox.postponed(self.name)
        failures, outage = attempt.failures, Outage()
        try:
            if failures:  # a start makes no difference to one that is down
                await self._wait(min(attempt.in_s, LAST_PAUSE_S))
            while True:
                try:
                    stands = await self._step()
                except Exception as error:  # noqa: BLE001  # whatever one answer or one row does, the next try is made
                    failures += 1
                    self._fail(error, news=outage.failed())
                    await self._put_off(failures)
                    continue
                if stands:
                    failures, self._failing_since_s, self.why = 0, None, ""
                    if outage.worked():
                        _log.info("destination reached again", destination=self.name)
        finally:
            self._failing_since_s, self.why = None, ""
            await self.close()

    async def test(self) -> Trial:
        """Have it send a marked test. ServiceError: it can't be opened."""
        begun_s = time.monotonic()
        try:
            async with asyncio.timeout(TEST_S):
                return await self._opened().test()
        except (Undelivered, OSError, TimeoutError) as error:
            return Trial(is_taken=False, answer=waiting.reason(error), took_s=time.monotonic() - begun_s)

    async def close(self) -> None:
        """End its connection. Whatever that comes to, it is over: the other destinations run in the same group as this one."""
        made, self._made = self._made, None
        try:
            if made:
                await made.close()
        except Exception as error:  # noqa: BLE001
            _log.error("a destination could not be closed", destination=self.name, exc_info=error)

    def _opened(self) -> Destination:
        if self._made is None:
            self._made = self._make()
        return self._made

    async def _step(self) -> bool:
        """Deliver, or wait for what there is to deliver; whether it was seen that the line stands."""
        self._committed.clear()
        destination = self._opened()
        rows = self._outbox.owed(self.name, AT_ONCE)
        if not rows:
            return await self._idle(destination)
        self._outbox.send(self.name, [row.seq for row in rows])
        delivered = await destination.deliver([Report.model_validate_json(row.report) for row in rows])
        await self._settle(delivered, {row.seq for row in rows})
        return True

    async def _settle(self, delivered: Delivered, handed: set[int]) -> None:
        taken, refused = handed & set(delivered.taken), handed & set(delivered.refused)
        if not taken and not refused:
            raise Undelivered("nothing was taken")
        if refused:
            _log.error("the destination refuses reports for good", destination=self.name, seqs=sorted(refused))
            await self._outbox.give_up(self.name, sorted(refused))
        if taken:
            await self._outbox.settle(self.name, sorted(taken), ())
            self.taken_at_ms = self._clock().wall_ms

    async def _idle(self, destination: Destination) -> bool:
        """Until there is something to deliver (False), or the line was shown to stand."""
        news = asyncio.ensure_future(self._committed.wait())
        shown = asyncio.ensure_future(destination.idle())
        try:
            await asyncio.wait({news, shown}, return_when=asyncio.FIRST_COMPLETED)
            if shown.done():
                shown.result()
            return shown.done()
        finally:
            for task in (news, shown):
                task.cancel()
            await asyncio.gather(news, shown, return_exceptions=True)

    def _fail(self, error: Exception, *, news: bool) -> None:
        self.why = waiting.reason(error)
        if self._failing_since_s is None:
            self._failing_since_s = time.monotonic()
        if news:
            trace = None if isinstance(error, _EXPECTED) else error
            _log.warning("destination not reached; trying again", destination=self.name, why=self.why, exc_info=trace)

    async def _put_off(self, failures: int) -> None:
        most_s = LAST_RETRY_S if self._outbox.owes_alarm(self.name) else LAST_PAUSE_S
        pause_s = waiting.pause_s(failures, FIRST_RETRY_S, most_s)
        with suppress(LedgerError):  # then a restart tries at once
            await self._outbox.postpone(self.name, Attempt(failures, pause_s))
        await self._wait(pause_s)

    async def _wait(self, pause_s: float) -> None:
        await waiting.wait(self._outbox, self.name, self._committed, pause_s, LAST_RETRY_S)
