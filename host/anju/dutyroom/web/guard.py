"""Who may talk to the page: a browser on this machine, on the page's own account.

There is no log-in yet, so the page listens on 127.0.0.1 alone. What remains is other pages in the same browser: a name that
resolves to 127.0.0.1 (Host), a form or a script of another origin (Origin, Sec-Fetch-Site), a frame, an injected script (CSP).
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_NAMES = ("127.0.0.1", "localhost")


class Guard:
    """Refuses a Host that isn't this page's, and puts the protecting headers on every answer."""

    def __init__(self, application: ASGIApp, port: int) -> None:
        self._application = application
        self._hosts = frozenset(_authorities(port))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if Headers(scope=scope).get("host", "").lower() not in self._hosts:
            refusal = PlainTextResponse("This page answers only to 127.0.0.1 and localhost.\n", status_code=421)
            await refusal(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._application(scope, receive, protected)


def is_own(request: Request, port: int) -> bool:
    """Whether a request that changes something comes from this page, or from no browser at all (browsers always say)."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin in {f"http://{authority}" for authority in _authorities(port)}


def _authorities(port: int) -> list[str]:
    """The page's name and port as browsers write them; they leave out port 80."""
    return [name if port == 80 else f"{name}:{port}" for name in _NAMES]
