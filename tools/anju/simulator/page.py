"""The duty room's page as a browser uses it: a live stream, and clicks that are sent again if the answer got lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

_DESK = "/duty"
_AGAIN_S = 0.2
_PATIENCE_S = 30.0
_SILENCE_S = 20.0
"""The stream beats every two seconds; one that is silent for so long is broken."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The report that caused a change of an incident: node and event id."""

    node: int
    event_id: int


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as the page shows it; `origin` is None where a person caused the change."""

    id: int
    household: str | None
    kind: str
    state: str
    unseen: int
    origin: Origin | None = None

    @classmethod
    def of(cls, told: dict[str, Any]) -> Incident:
        """From the JSON of the stream or of an answer."""
        report = told.get("report") or {}
        origin = Origin(report["node"], report["event_id"]) if report.get("event_id") is not None else None
        return cls(told["id"], told["household"], told["kind"], told["state"], told["unseen"], origin)


class EventStream:
    """Cuts the lines of a server-sent event stream into events (HTML Living Standard, 9.2.6)."""

    def __init__(self) -> None:
        self.last_id = ""
        self._kind = ""
        self._data: list[str] = []

    def feed(self, line: str) -> tuple[str, str] | None:
        """The (kind, data) of the event that this line ends, or None."""
        if not line:
            event = (self._kind or "message", "\n".join(self._data)) if self._data else None
            self._kind, self._data = "", []
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._kind = value
        elif field == "data":
            self._data.append(value)
        elif field == "id":
            self.last_id = value
        return None


class Refused(Exception):
    """The duty room did not do what was asked; the message is its reason."""


class Page:
    """One visitor of the page, with a cookie jar of its own."""

    def __init__(
        self,
        address: str,
        on_incident: Callable[[Incident, float], None],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`on_incident` hears what the stream shows, with the monotonic time; `transport` None is the network."""
        self.address = address
        self._on_incident = on_incident
        self._client = httpx.AsyncClient(
            base_url=address,
            headers={"Origin": address},
            timeout=httpx.Timeout(5.0, pool=None),
            transport=transport,
            trust_env=False,  # no proxy between a page and its own machine
        )
        self.watching = asyncio.Event()
        """Set once the stream has been open."""
        self._person: str | None = None
        self._stream = EventStream()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def sit_down(self, person: str) -> None:
        """Tell the page who is at the desk; whatever is clicked from now on is recorded under this name."""
        self._person = person
        await self._post(_DESK, {"person": person})

    async def click(self, incident: int, action: str, **fields: str) -> Incident:
        """Acknowledge, dispatch, close or reset; Refused if the duty room says no."""
        key = secrets.token_hex(16)
        answer = await self._post(f"/incidents/{incident}/{action}", {"key": key, **fields})
        return Incident.of(answer.json()["incident"])

    async def watch(self) -> None:
        """Follow the stream for ever, across restarts of the duty room, missing nothing."""
        while True:
            with contextlib.suppress(httpx.TransportError, httpx.HTTPStatusError):
                async for kind, data in self._events():
                    if kind == "incident":
                        self._on_incident(Incident.of(json.loads(data)["incident"]), time.monotonic())
                    elif kind == "reload":
                        await self._read_queue()
            await asyncio.sleep(_AGAIN_S)

    async def _read_queue(self) -> None:
        """Take what the queue shows now, where the stream cannot go on from where it broke."""
        answer = await self._client.get("/api/incidents")
        answer.raise_for_status()
        for told in answer.json()["incidents"]:
            self._on_incident(Incident.of(told), time.monotonic())

    async def _events(self) -> AsyncIterator[tuple[str, str]]:
        request = self._client.stream(
            "GET",
            "/events",
            params={"after": self._stream.last_id or "0"},
            headers={"Accept": "text/event-stream"},
            timeout=httpx.Timeout(5.0, read=_SILENCE_S),
        )
        async with request as answer:
            answer.raise_for_status()
            self.watching.set()
            async for line in answer.aiter_lines():
                event = self._stream.feed(line)
                if event is not None:
                    yield event

    async def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        """Post until it is answered: the key in the form makes a second arrival harmless."""
        answer: httpx.Response | None = None
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                answer = await self._client.post(path, data=form, headers={"Accept": "application/json"})
                if answer.is_success:
                    return answer
                if answer.status_code == 403 and path != _DESK and self._person is not None:
                    await self.sit_down(self._person)
                elif answer.status_code < 500:
                    break
            await asyncio.sleep(_AGAIN_S)
        raise Refused(answer.text if answer is not None else "no answer")
