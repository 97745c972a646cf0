"""The duty room over the uplink: batches up, receipts and commands down, over a local socket or signed and over TLS.

What it answers is not trusted: too late, too long, not understood, or about rows that were not sent, it ends nothing.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Protocol
from urllib.parse import urlencode

import structlog
from pydantic import ValidationError

from anju.concentrator.core.outage import Outage
from anju.concentrator.core.ports import Attempt, Outbox, OwedRow
from anju.concentrator.destinations import waiting
from anju.ledger import LedgerError
from anju.service.local_http import NoAnswer
from anju.uplink.commands import CommandPage, EstateCommand
from anju.uplink.receipts import Receipt, RowVerdict
from anju.uplink.reports import MOST_BYTES, MOST_ROWS

NAME = "duty_room"
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 2.0
"""A duty room on the same machine is back within a second or two of its restart: so often it is asked for commands, and sent
what an alarm is among."""
LAST_PAUSE_S = 30.0
"""Before it is sent what can wait, unless it answers meanwhile."""

BESIDE_ALARMS = 64
"""To so many rows a batch with alarms is filled with what can wait: they are committed sooner, and in a storm it goes on."""
POLL_S = 20
ANSWER_S = 10.0
BASE = "http://duty-room/uplink/v1"
"""How it is called on this machine."""
_HEAD_BYTES, _ROW_BYTES = 1024, 128
"""More than a batch has beside its rows, and a row beside its report."""
_log = structlog.get_logger()


class UnusableAnswer(Exception):
    """The duty room answered, and nothing can be done with it."""


_EXPECTED = (NoAnswer, ValidationError, UnusableAnswer, LedgerError)


class Line(Protocol):
    """The way there."""

    async def ask(self, method: str, path: str, within_s: float, content: bytes = b"") -> bytes:
        """The body of a good answer, of which it is certain who gave it; NoAnswer for anything else."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class DutyRoom:
    """Forwards what is owed and fetches commands, each in a loop of its own."""

    def __init__(
        self,
        concentrator: str,
        line: Line,
        outbox: Outbox,
        accept: Callable[[Iterable[EstateCommand]], Awaitable[None]],
        last_command: Callable[[], int],
    ) -> None:
        self._concentrator = concentrator
        self._outbox = outbox
        self._accept = accept
        self._last_command = last_command
        self._committed = outbox.subscribe()
        self._http = line
        self._is_back = False
        """Whether it has answered while reports wait for another try."""
        self._was_heard = False
        self._failing_s: dict[str, float] = {}
        """Which of both loops fails, and since when by the monotonic clock."""

    def down_s(self, now_s: float) -> float:
        """For how long it has not been reached; 0 while it is."""
        return now_s - min(self._failing_s.values()) if self._failing_s else 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def forward(self) -> None:
        """Send what is owed, oldest first within a household, until cancelled."""
        attempt = self._outbox.postponed(NAME)
        if attempt.failures:  # a start makes no difference to a duty room that is down
            await self._wait(min(attempt.in_s, LAST_PAUSE_S))
        await self._repeat(self._send_owed, "reports", self._put_off, attempt.failures)

    async def listen(self) -> None:
        """Fetch commands as they are given, until cancelled."""
        await self._repeat(self._fetch, "commands", lambda failures: asyncio.sleep(_pause_s(failures, LAST_RETRY_S)))

    async def _send_owed(self) -> None:
        self._committed.clear()
        rows = _fitting(self._outbox.owed(NAME, MOST_ROWS, BESIDE_ALARMS))
        if not rows:
            await self._committed.wait()
            return
        self._is_back = False
        self._outbox.send(NAME, [row.seq for row in rows])
        answer = await self._http.ask("POST", "batches", ANSWER_S, self._batch(rows))
        received, conflicts = self._read(Receipt.model_validate_json(answer), rows)
        await self._outbox.settle(NAME, received, conflicts)

    async def _put_off(self, failures: int) -> None:
        """Wait for the next try, which a restart does not bring on."""
        pause_s = _pause_s(failures, LAST_RETRY_S if self._outbox.owes_alarm(NAME) else LAST_PAUSE_S)
        with suppress(LedgerError):  # then a restart tries at once
            await self._outbox.postpone(NAME, Attempt(failures, pause_s))
        await self._wait(pause_s)

    async def _wait(self, pause_s: float) -> None:
        """Pause; not longer than `LAST_RETRY_S` while an alarm is owed, nor once the duty room answers again."""
        await waiting.wait(self._outbox, NAME, self._committed, pause_s, LAST_RETRY_S, lambda: self._is_back)

    def _batch(self, rows: list[OwedRow]) -> bytes:
        # The journalled text goes out as it is: what was hashed is what is sent.
        inner = ",".join(f'{{"report":{row.report},"sha256":"{row.sha256}"}}' for row in rows)
        name = json.dumps(self._concentrator, ensure_ascii=False)
        head = f'"concentrator":{name},"journal_id":"{self._outbox.journal_id}"'
        return f'{{{head},"rows":[{inner}],"version":1}}'.encode()

    def _read(self, receipt: Receipt, rows: list[OwedRow]) -> tuple[list[int], list[int]]:
        """Rows that the duty room has committed, and rows for which it holds another report; the rest stays owed."""
        received, conflicts = [], []
        ours = {row.seq: row.sha256 for row in rows if receipt.journal_id == self._outbox.journal_id}
        for row in receipt.rows:
            sha256 = ours.pop(row.seq, None)
            if row.verdict is RowVerdict.COMMITTED and row.sha256 == sha256:
                received.append(row.seq)
            elif row.verdict is RowVerdict.CONFLICT and sha256 not in (None, row.sha256):
                conflicts.append(row.seq)
                _log.error("the duty room holds another report under this key; ours is kept aside", seq=row.seq)
        if not received and not conflicts:
            raise UnusableAnswer("the receipt is for none of the rows that were sent")
        return received, conflicts

    async def _fetch(self) -> None:
        after = self._last_command()
        # One that was away is asked for an answer at once, because reports wait for it.
        wait_s = POLL_S if self._was_heard else 0
        query = urlencode({"journal_id": self._outbox.journal_id, "after": after, "wait_s": wait_s})
        self._was_heard = False
        page = CommandPage.model_validate_json(await self._http.ask("GET", f"commands?{query}", POLL_S + ANSWER_S))
        self._was_heard = True
        if not wait_s:
            self._is_back = True
            self._committed.set()
        if page.commands:
            await self._accept(page.commands)
        if self._last_command() == after:
            # A duty room that says nothing new at once, and again, must not keep us busy.
            await asyncio.sleep(FIRST_RETRY_S)

    async def _repeat(
        self,
        step: Callable[[], Awaitable[None]],
        what: str,
        pause: Callable[[int], Awaitable[None]],
        failures: int = 0,
    ) -> None:
        """Take a step again and again, with a `pause` after so many failures in a row; the log hears when that begins and when it
        ends."""
        outage = Outage()
        while True:
            try:
                await step()
            except Exception as error:  # noqa: BLE001  # whatever one answer or one row does, the next try is made
                self._failing_s.setdefault(what, time.monotonic())
                if outage.failed():
                    trace = None if isinstance(error, _EXPECTED) else error
                    _log.warning(
                        "duty room not reached; nothing is lost, trying again",
                        what=what,
                        error=repr(error),
                        exc_info=trace,
                    )
                failures += 1
                await pause(failures)
            else:
                self._failing_s.pop(what, None)
                failures = 0
                if outage.worked():
                    _log.info("duty room reached again", what=what)


def _pause_s(failures: int, most_s: float) -> float:
    return waiting.pause_s(failures, FIRST_RETRY_S, most_s)


def _fitting(rows: list[OwedRow]) -> list[OwedRow]:
    """As many of the rows, from the first, as are sure to fit into a body: records of walk-tests are long."""
    left = MOST_BYTES - _HEAD_BYTES
    for count, row in enumerate(rows):
        left -= len(row.report.encode()) + _ROW_BYTES
        if left < 0 and count:
            return rows[:count]
    return rows
