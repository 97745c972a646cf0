"""What a receiver hears and what it says: messages of whoever reports, and ACK, NAK and DUH in answer.

Nothing is read of what stands between the brackets before a message has been opened by its account's key.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from anju.dc09 import frame
from anju.dc09.frame import Kind

MOST_MESSAGE = 2048
"""Bytes: an event with texts and pads, encrypted, in hex."""
EARLIEST_S, LATEST_S = -40, 20
"""How far the time of an encrypted message may be from the receiver's (DC-09, 5.5.1.7)."""
_FROM = re.compile(
    r'"(\*?)([A-Z][A-Z0-9-]{1,9})"(\d{4})(?:R([0-9A-F]{1,6}))?(?:L([0-9A-F]{1,6}))?#([0-9A-F]{3,16})\[(.*)', re.ASCII
)
_SAID = re.compile(rf"([^\[\]]*)\]((?:\[[^\[\]]*\])*)(?:{frame.TIME})?", re.ASCII)
_PAD = re.compile(r"[^|\[\]]*\|")


class Heard(NamedTuple):
    """A message as it came, from whoever calls itself so; `rest` is sealed where `is_sealed`."""

    name: str
    sequence: str
    receiver: str
    line: str
    account: str
    is_sealed: bool
    rest: str


class Opened(NamedTuple):
    """What it says: between the brackets, in further brackets, and when it was sent (as text, and as a time if it is one)."""

    content: str
    extra: str
    stamp: str
    at: dt.datetime | None


def hear(raw: bytes) -> Heard | None:
    """A message; None for whatever is no frame, or has another length or CRC than it says."""
    body = frame.body(raw)
    found = None if body is None or not body.isascii() else _FROM.fullmatch(body.decode("ascii"))
    if found is None:
        return None
    star, name, sequence, receiver, line, account, rest = found.groups()
    return Heard(name, sequence, receiver or "0", line or "0", account, bool(star), rest)


def open_it(heard: Heard, key: bytes | None) -> Opened | None:
    """What a message says; None if this key does not open it, or it is not in the form that the standard has."""
    rest = heard.rest
    if heard.is_sealed:
        try:
            rest = frame.opened(rest, key)
        except ValueError:
            return None
        pad = _PAD.match(rest)
        rest = rest[pad.end() :] if pad else ""
    said = _SAID.fullmatch(rest)
    return None if said is None else Opened(said[1], said[2], said[3] or "", frame.time(said[3]))


def is_timely(at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a message may have been sent at this time; one without a time may not."""
    return at is not None and EARLIEST_S <= (at - now).total_seconds() <= LATEST_S


def answer(kind: Kind, heard: Heard, key: bytes | None, now: dt.datetime) -> bytes:
    """ACK in the message's own encryption, DUH in the clear, NAK with our time alone."""
    way, stamp = f"R{heard.receiver}L{heard.line}", f"{now.astimezone(dt.UTC):_%H:%M:%S,%m-%d-%Y}"
    if kind is Kind.NAK:
        return frame.framed(f'"NAK"0000{way}A0[]{stamp}')
    if kind is Kind.ACK and heard.is_sealed and key is not None:
        return frame.framed(f'"*ACK"{heard.sequence}{way}#{heard.account}[{frame.sealed(f"]{stamp}".encode(), key)}')
    return frame.framed(f'"{kind.value}"{heard.sequence}{way}#{heard.account}[]')
