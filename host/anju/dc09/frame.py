"""Frames of DC-09: `LF crc length "id"sequence R L #account[data]_time CR`, as they are sent and as they are answered.

The format has no MAC: whoever is on the line can say ACK. What went out encrypted is taken only by an encrypted answer.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import string
from enum import StrEnum
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MOST_ANSWER = 1024
"""Bytes; the longest that the standard has is some 150."""
NULL_SEQUENCE = 0
LAST_SEQUENCE = 9999
_YEARS = range(1970, 2100)
"""Of which a receiver's clock may be; any other says nothing, and some could not be reckoned with."""
_BLOCK = 16
_PAD = (string.ascii_letters + string.digits).encode()
"""Of what pads are made: neither `|`, `[` nor `]`."""
TIME = r"_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4})"
_FRAME = re.compile(rb"\n([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})(\"[^\r\n]*)\r")
_ANSWER = re.compile(
    r'"(\*?)(ACK|NAK|DUH)"(\d{4})(?:R[0-9A-F]{1,6})?(?:L[0-9A-F]{1,6})?(?:#([0-9A-F]{3,16})|A0)?\[(.*)', re.IGNORECASE
)
_REST = re.compile(rf"[^\[\]]*\](?:\[[^\[\]]*\])*(?:{TIME})?")
_SEALED_REST = re.compile(rf"[^\[\]]*\](?:\[[^\[\]]*\])*{TIME}")


class Kind(StrEnum):
    """What a receiver says of a message."""

    ACK = "ACK"
    NAK = "NAK"
    """Not taken: its time is too far from the receiver's, or its account or key is unknown."""
    DUH = "DUH"
    """Understood as a frame, and never to be taken."""


class Answer(NamedTuple):
    """An answer as it came; `at` is the receiver's clock."""

    kind: Kind
    sequence: int
    account: str | None
    is_sealed: bool
    at: dt.datetime | None


class Message(NamedTuple):
    """What is to be said; `content` is what stands between the brackets, `extra` a further pair of brackets or nothing."""

    name: str
    sequence: int
    account: str
    content: str = ""
    extra: str = ""


def crc(raw: bytes) -> int:
    """CRC-16/ARC: polynomial 8005 hex, reflected, from 0."""
    value = 0
    for byte in raw:
        value ^= byte
        for _bit in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value


def build(message: Message, line: str, at: dt.datetime, key: bytes | None) -> bytes:
    """The frame of a message, with the time of sending, encrypted if there is a key."""
    rest = f"{message.content}]{message.extra}{at.astimezone(dt.UTC):_%H:%M:%S,%m-%d-%Y}"
    star = ""
    if key is not None:
        star, rest = "*", sealed(rest.encode("ascii"), key)
    return framed(f'"{star}{message.name}"{message.sequence:04}R0L{line}#{message.account}[{rest}')


def framed(text: str) -> bytes:
    """A text between its CRC, its length and the ends of a line."""
    raw = text.encode("ascii")
    return b"\n%04X%04X%b\r" % (crc(raw), len(raw), raw)


def body(raw: bytes) -> bytes | None:
    """What stands in a frame; None for anything that is none, or has another length or CRC than it says."""
    found = _FRAME.fullmatch(raw)
    if found is None or int(found[2], 16) != len(found[3]) or int(found[1], 16) != crc(found[3]):
        return None
    return found[3]


def read(raw: bytes, key: bytes | None) -> Answer | None:
    """An answer; None for anything else, and for one in the clear that would end what went out encrypted."""
    found = body(raw)
    if found is None:
        return None
    try:
        said = _ANSWER.fullmatch(found.decode("ascii"))
        if said is None:
            return None
        star, name, sequence, account, rest = said.groups()
        if star:
            rest = opened(rest, key)
    except ValueError:
        return None
    kind = Kind(name.upper())
    told = (_SEALED_REST if star else _REST).fullmatch(rest)
    if told is None or (kind is Kind.ACK and bool(star) != (key is not None)):
        return None
    return Answer(kind, int(sequence), account and account.upper(), bool(star), time(told[1]))


def time(text: str | None) -> dt.datetime | None:
    """A time of day and a date, UTC; None where they are none."""
    try:
        at = dt.datetime.strptime(text or "", "%H:%M:%S,%m-%d-%Y").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return at if at.year in _YEARS else None


def sealed(text: bytes, key: bytes) -> str:
    """AES-CBC under a zero IV, as the standard has it: 16 to 31 random characters and `|` go before, up to whole blocks."""
    count = _BLOCK + -(len(text) + 1) % _BLOCK
    pad = bytes(secrets.choice(_PAD) for _place in range(count))
    sealing = _cipher(key).encryptor()
    return (sealing.update(pad + b"|" + text) + sealing.finalize()).hex().upper()


def opened(text: str, key: bytes | None) -> str:
    """ValueError where it can't be opened."""
    if key is None:
        raise ValueError("encrypted, and there is no key")
    opening = _cipher(key).decryptor()
    return (opening.update(bytes.fromhex(text)) + opening.finalize()).decode("ascii")


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(_BLOCK)))
