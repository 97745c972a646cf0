"""Somebody between a concentrator and the duty room who sees everything in clear, and does with it what a test says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Request(NamedTuple):
    """What a concentrator sent."""

    scope: Scope
    body: bytes

    @property
    def is_batch(self) -> bool:
        """Whether reports go up with it."""
        return bool(self.scope["method"] == "POST")


class Answer(NamedTuple):
    """What the duty room answered."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


Deliver = Callable[[Request], Awaitable[Answer]]
Deed = Callable[[Request, Deliver], Awaitable[Answer]]


async def honest(request: Request, deliver: Deliver) -> Answer:
    """Pass it on as it is."""
    return await deliver(request)


class Relay:
    """An ASGI application before another one; it keeps all that it has seen."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self.deed: Deed = honest
        self.seen: list[tuple[Request, Answer]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = bytearray(), True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, headers, content = await self.deed(Request(dict(scope), bytes(body)), self.deliver)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def deliver(self, request: Request) -> Answer:
        """Pass a request on, and keep it with its answer."""
        status, headers, content = 0, [], bytearray()

        async def given() -> Message:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def taken(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            else:
                content.extend(message.get("body", b""))

        await self._application(dict(request.scope), given, taken)
        answer = Answer(status, headers, bytes(content))
        self.seen.append((request, answer))
        return answer

    def batches(self) -> list[tuple[Request, Answer]]:
        """What it has seen of reports and receipts."""
        return [(request, answer) for request, answer in self.seen if request.is_batch]
