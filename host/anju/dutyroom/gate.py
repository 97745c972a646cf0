"""Who may speak over the uplink from elsewhere: known by certificate, signed for as a whole, judged before anything is parsed.

What passes carries its holder in the scope; every answer, a refusal too, goes out signed for its request.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping

import structlog
from cryptography import x509
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from anju.dutyroom.core.own_trouble import OwnTrouble, Seen, out_of_time
from anju.dutyroom.core.ports import CALLER, PEER, Estate
from anju.service.certs import signing
from anju.service.certs.holder import Holder
from anju.service.certs.own import Own
from anju.service.certs.trust import Refused, Trust, Why, period, unix_ms
from anju.uplink.reports import MOST_BYTES
from anju.uplink.signed import HEX_PATTERN, INSTANCE, NONCE, Asked, answer_text

_TOO_LARGE = b'{"error": "a batch has at most %d bytes; nothing was stored"}' % MOST_BYTES

_logger = structlog.get_logger()


class Gate:
    """An ASGI application in front of the uplink's."""

    def __init__(
        self, application: ASGIApp, estate: Estate, own: Own, trust: Trust, now: Callable[[], dt.datetime]
    ) -> None:
        self._application = application
        self._estate = estate
        self._own = own
        self._trust = trust
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        body = await _body(receive)
        asked = _asked(scope, headers, body or b"")
        if body is None:
            await self._answer(send, asked, 413, _TOO_LARGE)
            return
        try:
            holder, certificate = self._judge(scope, headers, asked)
        except Refused as refused:
            await self._refuse(scope, send, asked, refused)
            return
        if await self._estate.present(str(holder), asked.instance):
            _logger.error("two concentrators with one certificate", concentrator=str(holder))
        await self._tell_dates(str(holder), certificate)
        await self._pass({**scope, CALLER: holder.building}, send, asked)

    def _judge(self, scope: Scope, headers: Mapping[str, str], asked: Asked) -> tuple[Holder, x509.Certificate]:
        """Who asks: the connection's own certificate counts, and whoever signed has to be the same."""
        peer = scope.get(PEER)
        of_connection = None if peer is None else self._trust.judge(x509.load_der_x509_certificate(peer))
        if not re.fullmatch(HEX_PATTERN, asked.nonce) or not re.fullmatch(HEX_PATTERN, asked.instance):
            raise Refused(Why.UNSIGNED, of_connection)
        try:
            holder, certificate = signing.signer(self._trust, headers, asked.text())
        except Refused as refused:
            raise Refused(refused.why, refused.who or of_connection) from None
        if holder.building is None or of_connection not in (None, holder):
            raise Refused(Why.OTHER_NAME, of_connection or holder)
        return holder, certificate

    async def _tell_dates(self, concentrator: str, certificate: x509.Certificate) -> None:
        begins, ends = period(certificate)
        seen = out_of_time(concentrator, unix_ms(begins), unix_ms(ends), unix_ms(self._now()))
        if await self._estate.dates(concentrator, seen) and seen:
            _logger.warning(
                "certificate out of its time, taken all the same", concentrator=concentrator, ends=str(ends)
            )

    async def _refuse(self, scope: Scope, send: Send, asked: Asked, refused: Refused) -> None:
        origin = str((scope.get("client") or ("?",))[0])
        seen = Seen(OwnTrouble.REFUSED, str(refused.who) if refused.who else "", refused.why.value, origin)
        if await self._estate.see(seen):
            _logger.warning("refused at the uplink", who=seen.concentrator or "?", why=seen.why, address=origin)
        told = {"error": f"refused: {refused.why.value}; nothing was stored", "why": refused.why.value}
        # The connection ends too: who has been given another certificate shows it with the next one.
        await self._answer(send, asked, 403, json.dumps(told).encode(), {"connection": "close"})

    async def _pass(self, scope: Scope, send: Send, asked: Asked) -> None:
        """Let the request in, and sign what comes out."""
        status, content = 500, bytearray()
        is_given = False

        async def given() -> Message:
            nonlocal is_given
            if is_given:
                return {"type": "http.disconnect"}
            is_given = True
            return {"type": "http.request", "body": asked.body, "more_body": False}

        async def taken(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                content.extend(message.get("body", b""))

        await self._application(scope, given, taken)
        await self._answer(send, asked, status, bytes(content))

    async def _answer(
        self, send: Send, asked: Asked, status: int, body: bytes, more: Mapping[str, str] | None = None
    ) -> None:
        told = {"content-type": "application/json", "content-length": str(len(body)), **(more or {})}
        told |= signing.sign(self._own, answer_text(asked, status, body))
        headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in told.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _asked(scope: Scope, headers: Mapping[str, str], body: bytes) -> Asked:
    query = scope.get("query_string", b"")
    target = scope.get("raw_path", b"") + (b"?" + query if query else b"")
    nonce, instance = headers.get(NONCE, ""), headers.get(INSTANCE, "")
    return Asked(scope["method"], target.decode("latin-1"), nonce, instance, body)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if it is larger than any batch can be."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)
