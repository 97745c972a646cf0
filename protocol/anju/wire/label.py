"""The label on a node: what the bench prints and an installer scans or types.

    short name   D-47Z33                                  the first five symbols of the device id: what people call a node
    device id    47Z33QX1AJH62                            65 bits of SHA-256 of the node's Ed25519 public key
    setup code   000G-40R4-0M30-E209-J                    80 random bits, a secret, and a check symbol
    QR text      ANJU1: + device id + setup code          36 characters; a QR code of version 2-M holds 38

A symbol is a digit of Crockford's base 32. The check symbol makes the sum of all 17 symbols, each times its own power of x in
GF(32), zero. The powers differ, so every single wrong symbol and every swap of two symbols makes it something else.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Self

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's alphabet: without I, L, O and U, which are misread or make words."""
DEVICE_ID_SYMBOLS = 13
SHORT_SYMBOLS = 5
CODE_BYTES = 10
CODE_SYMBOLS = 16
TYPED_SYMBOLS = CODE_SYMBOLS + 1
QR_PREFIX = "ANJU1:"

_GROUP = 4
_REDUCTION = 0b100101
"""x⁵ + x² + 1: primitive over GF(2), so that the powers of x are all 31 elements but zero."""
_MISREAD = {"O": "0", "I": "1", "L": "1"}
_SEPARATORS = frozenset("-\u2010\u2012\u2013\u2014\u2015\u2212")
_QR_BEGINS = QR_PREFIX[:4]
"""No setup code begins so: U is no symbol."""


def device_id(public_key: bytes) -> str:
    """The 13 symbols by which a node is known: the first 65 bits of SHA-256 of its Ed25519 public key."""
    digest = int.from_bytes(hashlib.sha256(public_key).digest())
    return _spelt(digest >> (256 - 5 * DEVICE_ID_SYMBOLS), DEVICE_ID_SYMBOLS)


def short_name(device: str) -> str:
    """D-7K3MQ for people: 25 bits, so 5,800 nodes share one with a probability of one half; nothing is trusted under it."""
    return "D-" + device[:SHORT_SYMBOLS]


@dataclass(frozen=True, slots=True)
class SetupCode:
    """The secret on a label; it does not show itself: `typed` is for the label, `secret` for the handshake."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != CODE_BYTES:
            raise ValueError(f"a setup code has {CODE_BYTES} bytes, not {len(self.secret)}")

    @classmethod
    def random(cls) -> Self:
        """A new one."""
        return cls(secrets.token_bytes(CODE_BYTES))

    @property
    def symbols(self) -> str:
        """16 symbols and the check symbol."""
        code = _spelt(int.from_bytes(self.secret), CODE_SYMBOLS)
        return code + SYMBOLS[_syndrome([SYMBOLS.index(symbol) for symbol in code] + [0])]

    @property
    def typed(self) -> str:
        """000G-40R4-0M30-E209-J, as it stands on the label."""
        whole = self.symbols
        return "-".join(whole[place : place + _GROUP] for place in range(0, TYPED_SYMBOLS, _GROUP))


@dataclass(frozen=True, slots=True)
class Label:
    """Device id and setup code of one node."""

    device: str
    code: SetupCode

    def __post_init__(self) -> None:
        if len(self.device) != DEVICE_ID_SYMBOLS or not set(self.device) <= set(SYMBOLS):
            raise ValueError("not a device id")

    @property
    def short_name(self) -> str:
        """D-7K3MQ."""
        return short_name(self.device)

    @property
    def qr_text(self) -> str:
        """What the QR code says."""
        return QR_PREFIX + self.device + self.code.symbols


class Mistake(Enum):
    """What is wrong with what was typed or scanned so far."""

    TOO_SHORT = auto()
    """So far it is right; `missing` symbols are to come."""
    WRONG_SYMBOL = auto()
    """There is no such symbol, at `at`."""
    WRONG_PREFIX = auto()
    """It begins like a QR text, but not like one of this version, at `at`."""
    TOO_LONG = auto()
    """From `at` on it is too much."""
    CHECK = auto()
    """The check symbol does not fit; `swaps` are neighbours that may stand the wrong way round."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says so far; positions count from 0 in the text as it was typed."""

    mistake: Mistake | None
    at: int = 0
    missing: int = 0
    swaps: tuple[int, ...] = ()
    """Each is the place of a symbol that, exchanged with the next one, would make the check symbol right."""
    device: str | None = None
    """Known only from a whole QR text."""
    code: SetupCode | None = None


def read(text: str) -> Reading:
    """Look at a setup code or QR text after each key; `mistake` is None once it is whole and right.

    Case, white space, hyphens, full-width letters, O for 0 and I or L for 1 do not matter.
    """
    typed = [(place, _plain(letter)) for place, letter in enumerate(text)]
    typed = [(place, letter) for place, letter in typed if letter not in _SEPARATORS and not letter.isspace()]
    is_qr = "".join(letter for _place, letter in typed[: len(_QR_BEGINS)]) == _QR_BEGINS
    wanted = TYPED_SYMBOLS
    if is_qr:
        for (place, letter), right in zip(typed, QR_PREFIX, strict=False):
            if letter != right:
                return Reading(Mistake.WRONG_PREFIX, at=place)
        wanted += DEVICE_ID_SYMBOLS + max(0, len(QR_PREFIX) - len(typed))
        typed = typed[len(QR_PREFIX) :]
    typed = [(place, _MISREAD.get(letter, letter)) for place, letter in typed]
    for number, (place, letter) in enumerate(typed):
        if len(letter) != 1 or letter not in SYMBOLS:
            return Reading(Mistake.WRONG_SYMBOL, at=place)
        if number == wanted:
            return Reading(Mistake.TOO_LONG, at=place)
    if len(typed) < wanted:
        return Reading(Mistake.TOO_SHORT, at=len(text), missing=wanted - len(typed))
    return _judged(typed, is_qr=is_qr)


def _judged(typed: Sequence[tuple[int, str]], *, is_qr: bool) -> Reading:
    """What a text of the right length says."""
    code = typed[-TYPED_SYMBOLS:]
    values = [SYMBOLS.index(letter) for _place, letter in code]
    if _syndrome(values):
        swaps = tuple(code[first][0] for first in range(CODE_SYMBOLS) if _syndrome(_swapped(values, first)) == 0)
        return Reading(Mistake.CHECK, at=code[-1][0], swaps=swaps)
    number = 0
    for value in values[:CODE_SYMBOLS]:
        number = number << 5 | value
    device = "".join(letter for _place, letter in typed[:DEVICE_ID_SYMBOLS]) if is_qr else None
    return Reading(None, device=device, code=SetupCode(number.to_bytes(CODE_BYTES)))


def _syndrome(values: Sequence[int]) -> int:
    """The sum of all symbols, the last times 1, the one before times x, then x² …; zero for a right code."""
    total = 0
    for value in values:
        total <<= 1
        if total & 32:
            total ^= _REDUCTION
        total ^= value
    return total


def _swapped(values: Sequence[int], first: int) -> list[int]:
    return [*values[:first], values[first + 1], values[first], *values[first + 2 :]]


def _plain(letter: str) -> str:
    """A key as the label would show it: full-width forms (Chinese keyboards) and small letters don't matter."""
    plain = unicodedata.normalize("NFKC", letter)
    return plain.upper() if plain.isascii() else plain


def _spelt(number: int, symbols: int) -> str:
    return "".join(SYMBOLS[number >> 5 * place & 31] for place in reversed(range(symbols)))
