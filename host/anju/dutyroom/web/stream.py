"""The stream of changes to one browser (server-sent events); a browser that comes back says which was its last."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from anju.dutyroom.core.change import TROUBLES, Change
from anju.dutyroom.core.ports import Console, Stream
from anju.dutyroom.web import render

MOST_STREAMS = 32
"""Browsers at once: more than any duty room has desks."""
BEAT_S = 2.0
"""The links are told this often; a page that hears nothing for four beats says so."""
_RETRY_MS = 1000


class Streams:
    """All browsers that listen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._drawn: tuple[int, dict[str, str]] = (0, {})
        self._count = 0

    def open(self, request: Request, tag: str) -> Response:
        """The answer to GET /events; 503 if too many listen already."""
        if self._count >= MOST_STREAMS:
            return Response(status_code=503)
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(self._events(_last(request), tag), media_type="text/event-stream", headers=headers)

    async def _events(self, after: int | None, tag: str) -> AsyncIterator[str]:
        stream = self._console.subscribe(after)
        self._count += 1
        try:
            yield f"retry: {_RETRY_MS}\n\n{self._beat(tag)}"
            if stream.missed is None:
                yield f"event: reload\nid: {self._console.newest()}\ndata: {{}}\n\n"
            for change in stream.missed or ():
                for event in self._told(change, tag):
                    yield event
            async for event in self._live(stream, tag):
                yield event
        finally:
            self._count -= 1
            self._console.leave(stream)

    async def _live(self, stream: Stream, tag: str) -> AsyncIterator[str]:
        while not stream.ended:
            change = await stream.next(BEAT_S)
            if change is not None:
                for event in self._told(change, tag):
                    yield event
            elif not stream.ended:
                yield self._beat(tag)

    def _told(self, change: Change, tag: str) -> Iterator[str]:
        if change.incident is not None:
            yield self._incident(change, tag)
        elif change.what in TROUBLES:
            yield _event("trouble", change.number, {"trouble": {"what": change.what.value, "at_ms": change.at_ms}})

    def _incident(self, change: Change, tag: str) -> str:
        """Drawn once a language, however many browsers listen."""
        number, drawn = self._drawn
        if number != change.number:
            drawn = {}
            self._drawn = (change.number, drawn)
        if tag not in drawn and change.incident is not None:
            data = {
                "incident": render.public(self._console, change.incident, change),
                "html": render.queue_item(self._console, tag, change.incident),
            }
            drawn[tag] = _event("incident", change.number, data)
        return drawn[tag]

    def _beat(self, tag: str) -> str:
        links = [
            {"concentrator": one.concentrator, "age_s": round(one.age_s, 1), "state": one.state.value}
            for one in self._console.links()
        ]
        return _event(
            "link", None, {"now_ms": self._console.now_ms(), "links": links, "html": render.strip(self._console, tag)}
        )


def _event(name: str, number: int | None, data: object) -> str:
    identity = "" if number is None else f"id: {number}\n"
    return f"event: {name}\n{identity}data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _last(request: Request) -> int | None:
    """The last change that a browser has seen: by its own memory, else by what its page was drawn with."""
    said = request.headers.get("last-event-id") or request.query_params.get("after", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None
