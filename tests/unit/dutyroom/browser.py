"""A browser's side of the page without a browser: requests with its headers, and a stream read event by event."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
from starlette.types import ASGIApp, Message

PORT = 8380
ORIGIN = f"http://127.0.0.1:{PORT}"


KEY = "0123456789abcdef"
OWN = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}


async def sit_down(client: httpx.AsyncClient, name: str = "Wang Qiang") -> None:
    """Say who is at the desk."""
    assert (await client.post("/duty", json={"person": name})).json() == {"person": name}


async def acknowledge(client: httpx.AsyncClient, key: str = KEY, incident: int = 1) -> httpx.Response:
    """Acknowledge an incident, with a key of the request."""
    return await client.post(f"/incidents/{incident}/acknowledge", json={"key": key})


class Event(NamedTuple):
    """One server-sent event."""

    name: str
    number: int | None
    data: dict[str, Any]


class Listener:
    """GET /events, as an application sees it; leaving the context hangs up."""

    def __init__(self, application: ASGIApp, query: str = "", **headers: str) -> None:
        self._application = application
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._hung_up = asyncio.Event()
        self._asked = False
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/events",
            "raw_path": b"/events",
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", f"127.0.0.1:{PORT}".encode()), *raw],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", PORT),
        }
        self.status = 0

    async def __aenter__(self) -> Self:
        self._call = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hung_up.set()
        await self._call

    async def events(self, count: int, *, but: str = "link") -> list[Event]:
        """The next events that are not called `but`."""
        found: list[Event] = []
        async with asyncio.timeout(10):
            while len(found) < count and (chunk := await self._chunks.get()) is not None:
                found += [event for event in map(_parsed, chunk.decode().split("\n\n")) if event and event.name != but]
        return found

    async def end(self) -> None:
        """Wait until the stream has been ended from the other side."""
        async with asyncio.timeout(10):
            while await self._chunks.get() is not None:
                pass

    async def _run(self) -> None:
        await self._application(self._scope, self._receive, self._send)
        self._chunks.put_nowait(None)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message.get("body"):
            self._chunks.put_nowait(message["body"])


def _parsed(block: str) -> Event | None:
    fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
    if "event" not in fields:
        return None
    return Event(fields["event"], int(fields["id"]) if "id" in fields else None, json.loads(fields["data"]))
