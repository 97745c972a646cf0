"""A duty room that does what a test tells it, bytes and all, on a real Unix socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from anju.uplink.commands import CommandPage, EstateCommand
from anju.uplink.receipts import Receipt, ReceiptRow, RowVerdict
from anju.uplink.reports import Batch

Misdeed = Callable[["Peer", asyncio.StreamWriter, bytes], Awaitable[None]]


def response(body: bytes | str, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP response."""
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(raw)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + raw


class Peer:
    """Keeps what it commits; misbehaves as often as `misdeeds` say, then is honest."""

    def __init__(self) -> None:
        self.held: dict[int, str] = {}
        self.order: list[int] = []
        self.requests = 0
        self.longest = 0
        """Bytes of the longest batch."""
        self.polls: list[int] = []
        self.misdeeds: list[Misdeed] = []
        self.commands: list[EstateCommand] = []
        self.batch: Batch

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = await reader.readexactly(_length(head))
                await self._answer(head, body, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.decode().split(" ", 2)
        if method == "GET":
            await self._answer_poll(parse_qs(urlsplit(target).query), writer)
            return
        self.requests += 1
        self.longest = max(self.longest, len(body))
        self.batch = Batch.model_validate_json(body)
        if self.misdeeds:
            await self.misdeeds.pop(0)(self, writer, body)
        else:
            writer.write(response(self.commit().model_dump_json()))

    async def _answer_poll(self, query: dict[str, list[str]], writer: asyncio.StreamWriter) -> None:
        after = int(query["after"][0])
        self.polls.append(after)
        news = tuple(command for command in self.commands if command.number > after)
        if self.misdeeds:
            await self.misdeeds.pop(0)(self, writer, b"")
        elif news:
            writer.write(response(CommandPage(commands=news).model_dump_json()))
        else:
            await asyncio.Event().wait()  # the wait of a long poll; the client's end of it ends this

    def commit(self) -> Receipt:
        """Keep the batch and give its receipt, as an honest duty room does."""
        rows = []
        for row in self.batch.rows:
            if row.report.seq not in self.held:
                self.order.append(row.report.seq)
            held = self.held.setdefault(row.report.seq, row.sha256)
            verdict = RowVerdict.COMMITTED if held == row.sha256 else RowVerdict.CONFLICT
            rows.append(ReceiptRow(seq=row.report.seq, sha256=held, verdict=verdict))
        return Receipt(journal_id=self.batch.journal_id, rows=tuple(rows))

    def receipt(self, **changed: Any) -> str:
        """A receipt for the batch without keeping any of it, with every row changed as given."""
        rows = [
            {"seq": row.report.seq, "sha256": row.sha256, "verdict": "committed"} | changed for row in self.batch.rows
        ]
        return json.dumps({"version": 1, "journal_id": self.batch.journal_id, "rows": rows})


@asynccontextmanager
async def serving(peer: Peer, path: Path) -> AsyncIterator[None]:
    """The peer listens on a socket within the block; its connections end with it."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await peer.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            connections.discard(task)

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield
    finally:
        server.close()
        for task in set(connections):
            task.cancel()
        await asyncio.gather(*connections)
        path.unlink()  # noqa: ASYNC240  # nobody else waits for this loop


def _length(head: bytes) -> int:
    for line in head.decode().lower().split("\r\n"):
        if line.startswith("content-length:"):
            return int(line.partition(":")[2])
    return 0
