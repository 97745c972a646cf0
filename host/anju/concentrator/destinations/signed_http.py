"""The duty room of another PC: TLS to it, every request signed, and no answer believed that it has not signed for this request.

Nothing is lost where it does not work; what went wrong is one of these:

NoAnswer
    +- PeerRefused   one of the two does not take the other's certificate; `why` says the reason
    +- BrokenOff     the connection ended before anything was answered on it
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import secrets
import ssl
from collections.abc import Callable
from typing import Any

import httpcore
import structlog
from cryptography import x509

from anju.service.certs import signing, tls
from anju.service.certs.holder import Holder
from anju.service.certs.own import Own
from anju.service.certs.trust import Refused, Trust, Why, days_left, period
from anju.service.errors import ServiceError
from anju.service.local_http import Answer, LocalHttp, NoAnswer, Stream
from anju.uplink.signed import INSTANCE, NONCE, Asked, answer_text

Now = Callable[[], dt.datetime]
_PATH = "/uplink/v1"
_FORBIDDEN = 403
MOST_BROKEN_OFF = 3
"""In a row; a duty room that is killed breaks off once, and then is not there."""
_log = structlog.get_logger()


class PeerRefused(NoAnswer):
    """Trying again will not help before somebody has seen to a certificate; it is tried all the same."""

    def __init__(self, why: str, whose: str) -> None:
        super().__init__(f"{whose} certificate is refused: {why}")
        self.why = why


class BrokenOff(NoAnswer):
    """A connection ended before anything was answered on it."""


class SignedHttp:
    """A client of the duty room; `refused` says that certificates are in the way, for as long as they are."""

    def __init__(self, http: LocalHttp, own: Own, trust: Trust, now: Now) -> None:
        self._http = http
        self._own = own
        self._trust = trust
        self._now = now
        self._instance = secrets.token_hex(16)
        self.refused = False
        self._broken_off = 0
        self._is_in_time = True

    @classmethod
    def over_tls(cls, host: str, port: int, own: Own, trust: Trust, now: Now) -> SignedHttp:
        """To the duty room at an address."""
        name = f"[{host}]" if ":" in host else host
        return cls(LocalHttp(None, f"http://{name}:{port}{_PATH}", _Tls(own, trust)), own, trust, now)

    @property
    def days_left(self) -> int:
        """Whole days until our certificate ends; negative once it has."""
        return days_left(self._own.certificate, self._now())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def ask(self, method: str, path: str, within_s: float, content: bytes = b"") -> bytes:
        """The body of a good answer that the duty room has signed for this request; NoAnswer for anything else."""
        try:
            body = await self._ask(method, path, within_s, content)
        except PeerRefused as error:
            self._note(error)
            raise
        except BrokenOff as error:
            self._broken_off += 1
            if self._broken_off < MOST_BROKEN_OFF:
                raise
            refused = PeerRefused(f"{Why.FOREIGN.value}, as it seems ({error})", "our")
            self._note(refused)
            raise refused from error
        except NoAnswer:
            self._broken_off = 0
            raise
        self._broken_off = 0
        self._note(None)
        return body

    def _note(self, refused: PeerRefused | None) -> None:
        """The log hears when certificates begin to be in the way, and when they are no more."""
        if refused and not self.refused:
            _log.error("not let in at the duty room", reason=str(refused), own_days_left=self.days_left)
        elif self.refused and not refused:
            _log.info("let in at the duty room again")
        self.refused = refused is not None

    async def _ask(self, method: str, path: str, within_s: float, content: bytes) -> bytes:
        asked = Asked(method, f"{_PATH}/{path}", secrets.token_hex(16), self._instance, content)
        headers = {NONCE: asked.nonce, INSTANCE: asked.instance} | signing.sign(self._own, asked.text())
        answer = await self._http.send(method, path, within_s, content, headers)
        self._check(asked, answer)
        if answer.status == _FORBIDDEN:
            raise PeerRefused(_why(answer.body), "our")
        if answer.status != 200:
            raise NoAnswer(f"status {answer.status}")
        return answer.body

    def _check(self, asked: Asked, answer: Answer) -> None:
        text = answer_text(asked, answer.status, answer.body)
        try:
            holder, certificate = signing.signer(self._trust, answer.headers, text)
        except Refused as refused:
            if refused.why is Why.UNSIGNED:
                raise NoAnswer(f"status {answer.status}, not signed for this request") from None
            raise PeerRefused(refused.why.value, "the duty room's") from None
        if holder != Holder():
            raise PeerRefused(Why.OTHER_NAME.value, "the duty room's")
        self._note_period(certificate)

    def _note_period(self, certificate: x509.Certificate) -> None:
        """The log hears once that the duty room's certificate, or this clock, is wrong: no reason to say nothing."""
        begins, ends = period(certificate)
        is_in_time = begins <= self._now() <= ends
        if self._is_in_time and not is_in_time:
            _log.warning(
                "the duty room's certificate is out of its time by this clock", begins=str(begins), ends=str(ends)
            )
        self._is_in_time = is_in_time


class Equipping:
    """The same while there may be no certificate yet: it is looked for at each try, and the rest of the concentrator works."""

    def __init__(self, equip: Callable[[], SignedHttp]) -> None:
        """`equip` raises ServiceError while it cannot be done."""
        self._equip = equip
        self._line: SignedHttp | None = None
        self._is_told = False

    @property
    def refused(self) -> bool:
        """Whether certificates are in the way."""
        return self._is_told if self._line is None else self._line.refused

    @property
    def days_left(self) -> int | None:
        """Whole days until our certificate ends; None while there is none that can be used."""
        return None if self._line is None else self._line.days_left

    async def close(self) -> None:
        """Close the connections."""
        if self._line is not None:
            await self._line.close()

    async def ask(self, method: str, path: str, within_s: float, content: bytes = b"") -> bytes:
        """As SignedHttp does; PeerRefused while there is no certificate."""
        if self._line is None:
            try:
                self._line = self._equip()
            except ServiceError as error:
                if not self._is_told:
                    _log.error("no certificate for the uplink", error=error.what, next=error.next_step)
                self._is_told = True
                raise PeerRefused(Why.MISSING.value, "our") from error
        return await self._line.ask(method, path, within_s, content)


class _Tls(httpcore.AsyncNetworkBackend):
    """Connects, and lets nobody be spoken to who is not the duty room."""

    def __init__(self, own: Own, trust: Trust) -> None:
        self._own = own
        self._trust = trust
        self._context: ssl.SSLContext | None = None
        self._shown: x509.Certificate | None = None

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> Stream:
        context = self._take_what_was_renewed()
        try:
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
        except ssl.SSLCertVerificationError as error:
            raise PeerRefused(f"{Why.FOREIGN.value} ({error.verify_message})", "the duty room's") from error
        try:
            raw = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            holder = self._trust.judge(x509.load_der_x509_certificate(raw))
        except (Refused, ValueError) as error:
            writer.close()
            raise PeerRefused(str(error), "the duty room's") from error
        if holder != Holder():
            writer.close()
            raise PeerRefused(Why.OTHER_NAME.value, "the duty room's")
        return _Watched(reader, writer)

    def _take_what_was_renewed(self) -> ssl.SSLContext:
        """What is shown now. A file that cannot be used, because it is just being brought, leaves the one from before."""
        certificate = self._own.certificate
        if self._context is not None and certificate == self._shown:
            return self._context
        try:
            self._context, self._shown = tls.client_context(self._own), certificate
        except OSError as error:
            if self._context is None:
                raise
            _log.error("renewed certificate not usable; the one from before counts", error=str(error))
        return self._context


class _Watched(Stream):
    """Notices a connection that never gave an answer: with TLS 1.3 so much a client learns where its certificate is not taken."""

    _is_answered = False

    async def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        try:
            piece = await super().read(max_bytes)
        except OSError as error:
            raise self._fault(error) from error
        if not piece and not self._is_answered:
            raise BrokenOff
        self._is_answered = True
        return piece

    async def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        try:
            await super().write(buffer)
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError) -> Exception:
        return error if self._is_answered else BrokenOff(repr(error))


def _why(body: bytes) -> str:
    try:
        told = json.loads(body)
        return str(Why(told["why"]).value)
    except (ValueError, KeyError, TypeError, RecursionError):
        return "no reason given"
