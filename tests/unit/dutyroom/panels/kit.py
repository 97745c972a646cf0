"""An alarm panel of another maker, written from the standard: what it sends, byte by byte, and what it makes of an answer."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NamedTuple

from Crypto.Cipher import AES

from anju.dutyroom.desk import Desk
from anju.dutyroom.panels.receiver import Account, Receiver
from unit.concentrator.dc09.strict import crc16_arc, framed
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.reports import HOUSEHOLD

ACCOUNT, OTHER = "1A01", "1A02"
KEY = b"0123456789ABCDEF"
WAYS = frozenset({"tcp", "udp"})
FORMS = frozenset({"ADM-CID", "SIA-DCS"})
PANIC = "|1120 01 007"
_ANSWER = re.compile(
    r'\n(?P<crc>[0-9A-F]{4})(?P<length>0[0-9A-F]{3})(?P<body>"(?P<star>\*?)(?P<kind>ACK|NAK|DUH)"(?P<sequence>\d{4})'
    r"R(?P<receiver>[0-9A-F]{1,6})L(?P<line>[0-9A-F]{1,6})(?:#(?P<account>[0-9A-F]{3,16})|A0)\[(?P<rest>[^\r\n]*))\r"
)
_TIME = re.compile(r"_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4})")


class Answered(NamedTuple):
    """What a panel makes of an answer."""

    kind: str
    sequence: str
    account: str | None
    is_sealed: bool
    at: dt.datetime | None
    way: str


def account(**more: Any) -> Account:
    """A panel in the clear; or as a test wants it."""
    plain: dict[str, Any] = {
        "household": HOUSEHOLD, "key": None, "transports": WAYS, "formats": FORMS,
        "supervision_s": 300.0, "zones": {7: "bedside"},
    }  # fmt: skip
    return Account(**(plain | more))


def receiver(desk: Desk, clock: HandClock, silent: frozenset[str] = frozenset(), **accounts: Account) -> Receiver:
    """One that knows these, or a panel in the clear and another."""
    named = {name.removeprefix("a"): one for name, one in accounts.items()}
    return Receiver(named or {ACCOUNT: account()}, set(silent), desk, lambda: clock.monotonic_s)


def now(clock: HandClock, shift_s: float = 0) -> dt.datetime:
    """By the duty room's clock, or so many seconds beside it."""
    return dt.datetime.fromtimestamp(clock.wall_ms / 1000 + shift_s, dt.UTC)


def message(
    content: str,
    sequence: int = 1,
    *,
    name: str = "ADM-CID",
    of: str = ACCOUNT,
    key: bytes | None = None,
    at: dt.datetime | None = None,
    way: str = "R0L0",
) -> bytes:
    """A frame as a panel sends it; `content` without the account, which stands before it as in every panel's."""
    said = f"#{of}{content}" if content else ""
    rest = f"{said}]" + (f"{at:_%H:%M:%S,%m-%d-%Y}" if at else "")
    if key is None:
        return framed(f'"{name}"{sequence:04}{way}#{of}[{rest}')
    text = f"|{rest}".encode()
    text = b"Q" * (16 + -len(text) % 16) + text
    sealed = AES.new(key, AES.MODE_CBC, bytes(16)).encrypt(text).hex().upper()
    return framed(f'"*{name}"{sequence:04}{way}#{of}[{sealed}')


def null(of: str = ACCOUNT, key: bytes | None = None, at: dt.datetime | None = None) -> bytes:
    """Supervision."""
    return message("", 0, name="NULL", of=of, key=key, at=at)


def answered(raw: bytes | None, key: bytes | None = None) -> Answered:
    """An answer as the standard has it; AssertionError names what is wrong with it."""
    assert raw is not None, "no answer"
    found = _ANSWER.fullmatch(raw.decode("ascii"))
    assert found, f"no answer: {raw!r}"
    body = found["body"].encode()
    assert int(found["crc"], 16) == crc16_arc(body), "the CRC is not that of the body"
    assert int(found["length"], 16) == len(body), "the length is not that of the body"
    assert (found["kind"] == "NAK") == (found["account"] is None), "NAK alone names no account"
    rest = found["rest"]
    if found["star"]:
        assert key is not None, "sealed, and nobody has agreed on that"
        text = AES.new(key, AES.MODE_CBC, bytes(16)).decrypt(bytes.fromhex(rest)).decode("ascii")
        pad, bar, rest = text.partition("|")
        assert bar, "no end of the pad"
        assert 16 <= len(pad) <= 31, "the pad has 16 to 31 bytes"
    assert rest.startswith("]"), "an answer has no content"
    time = _TIME.fullmatch(rest[1:]) if rest[1:] else None
    assert time or not rest[1:], f"neither nothing nor a time: {rest!r}"
    assert time or (found["kind"] != "NAK" and not found["star"]), "NAK and what is sealed have a time"
    at = dt.datetime.strptime(time[1], "%H:%M:%S,%m-%d-%Y").replace(tzinfo=dt.UTC) if time else None
    way = f"R{found['receiver']}L{found['line']}"
    return Answered(found["kind"], found["sequence"], found["account"], bool(found["star"]), at, way)
