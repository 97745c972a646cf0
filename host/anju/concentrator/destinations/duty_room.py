"""The duty room over the uplink: batches up, receipts and commands down, HTTP on a local socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import httpx
import structlog
from pydantic import ValidationError

from anju.concentrator.core.ports import Outbox, OwedRow
from anju.ledger import LedgerError
from anju.uplink.commands import CommandPage, EstateCommand
from anju.uplink.receipts import Receipt, RowVerdict
from anju.uplink.reports import MOST_ROWS

NAME = "duty_room"
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 2.0
"""A duty room on the same machine is back within a second or two of its restart."""

POLL_S = 20
_TIMEOUT_S = 10.0
_BASE = "http://duty-room/uplink/v1"
_log = structlog.get_logger()


class DutyRoom:
    """Forwards what is owed and fetches commands, each in a loop of its own."""

    def __init__(
        self,
        concentrator: str,
        socket: Path,
        outbox: Outbox,
        accept: Callable[[Iterable[EstateCommand]], Awaitable[None]],
        last_command: Callable[[], int],
    ) -> None:
        self._concentrator = concentrator
        self._outbox = outbox
        self._accept = accept
        self._last_command = last_command
        self._committed = outbox.subscribe()
        self._client = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket)), timeout=_TIMEOUT_S)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def forward(self) -> None:
        """Send what is owed, oldest first within a household, until cancelled."""
        retry_s = FIRST_RETRY_S
        while True:
            self._committed.clear()
            rows = self._outbox.owed(NAME, MOST_ROWS)
            if not rows:
                await self._committed.wait()
            elif await self._tried(self._send(rows), "reports"):
                retry_s = FIRST_RETRY_S
            else:
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def listen(self) -> None:
        """Fetch commands as they are given, until cancelled."""
        retry_s = FIRST_RETRY_S
        while True:
            if await self._tried(self._fetch(), "commands"):
                retry_s = FIRST_RETRY_S
            else:
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def _tried(self, attempt: Awaitable[None], what: str) -> bool:
        try:
            await attempt
        except (httpx.HTTPError, ValidationError, LedgerError) as error:
            _log.warning("duty room not reached; nothing is lost, trying again", what=what, error=repr(error)[:300])
            return False
        return True

    async def _send(self, rows: list[OwedRow]) -> None:
        answer = await self._client.post(
            f"{_BASE}/batches", content=self._batch(rows), headers={"content-type": "application/json"}
        )
        answer.raise_for_status()
        receipt = Receipt.model_validate_json(answer.content)
        sent = {row.seq: row.sha256 for row in rows}
        received, conflicts = [], []
        for row in receipt.rows:
            if receipt.journal_id != self._outbox.journal_id or row.seq not in sent:
                continue
            if row.verdict is RowVerdict.COMMITTED and row.sha256 == sent[row.seq]:
                received.append(row.seq)
            else:
                conflicts.append(row.seq)
                _log.error("the duty room holds another report under this key; ours is kept aside", seq=row.seq)
        await self._outbox.settle(NAME, received, conflicts)
        if not received and not conflicts:
            raise httpx.DecodingError("the receipt names none of the rows that were sent")

    def _batch(self, rows: list[OwedRow]) -> bytes:
        # The journalled text goes out as it is: what was hashed is what is sent.
        inner = ",".join(f'{{"report":{row.report},"sha256":"{row.sha256}"}}' for row in rows)
        name = json.dumps(self._concentrator, ensure_ascii=False)
        return f'{{"journal_id":"{self._outbox.journal_id}","concentrator":{name},"rows":[{inner}]}}'.encode()

    async def _fetch(self) -> None:
        query = {"journal_id": self._outbox.journal_id, "after": str(self._last_command()), "wait_s": str(POLL_S)}
        answer = await self._client.get(f"{_BASE}/commands", params=query, timeout=POLL_S + _TIMEOUT_S)
        answer.raise_for_status()
        page = CommandPage.model_validate_json(answer.content)
        if page.commands:
            await self._accept(page.commands)
