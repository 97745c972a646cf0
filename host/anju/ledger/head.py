"""Statements about a chain, signed by its journal's key (Ed25519): where it ends, and what was cut off at its beginning.

Whoever holds the public key needs nothing else to tell a journal's own chain from one that somebody has made anew.
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32
_HEAD = b"anju/1 journal head"
_CUT = b"anju/1 journal cut"


class Head(NamedTuple):
    """The end of a journal's chain: its last row's number, and the link over it and all before."""

    journal_id: str
    seq: int
    link: bytes

    @property
    def message(self) -> bytes:
        """What is signed."""
        return _message(_HEAD, _raw(self.journal_id), struct.pack(">Q", self.seq), self.link)


class Cut(NamedTuple):
    """Where a journal's rows begin that are all there: after row `seq`, whose link was `link`.

    Of the rows up to it `events` told of a node's event and are gone; `kept` is the digest of those that are still there
    (`Kept`).
    """

    journal_id: str
    seq: int
    link: bytes
    events: int
    kept: bytes

    @property
    def message(self) -> bytes:
        """What is signed."""
        numbers = struct.pack(">QQ", self.seq, self.events)
        return _message(_CUT, _raw(self.journal_id), numbers, self.link, self.kept)


class JournalKey:
    """The key of a concentrator's journal. Secret: it lies in the keyring."""

    def __init__(self, private: bytes) -> None:
        """ValueError unless it has 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public = self._key.public_key().public_bytes_raw()

    @classmethod
    def new(cls) -> JournalKey:
        """A random one."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def private(self) -> bytes:
        """The secret half, to be stored or handed over."""
        return self._key.private_bytes_raw()

    def sign(self, what: Head | Cut) -> bytes:
        """64 bytes."""
        return self._key.sign(what.message)


def is_signed(public: bytes, what: Head | Cut, signature: bytes) -> bool:
    """Whether the key signed exactly this."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, what.message)
    except (InvalidSignature, ValueError, struct.error):
        return False
    return True


class Kept:
    """Digest of the rows that are still there before a cut, taken in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256(b"anju/1 journal kept")

    def add(self, seq: int, sha256: bytes, link: bytes) -> None:
        """Take in the next row."""
        self._hash.update(struct.pack(">qII", seq, len(sha256), len(link)) + sha256 + link)

    @property
    def digest(self) -> bytes:
        """Of all so far."""
        return self._hash.digest()


def _raw(journal_id: str) -> bytes:
    """ValueError if it is written in another way than ours: that would be another name under the same signature."""
    raw = bytes.fromhex(journal_id)
    if raw.hex() != journal_id:
        raise ValueError(journal_id)
    return raw


def _message(domain: bytes, *parts: bytes) -> bytes:
    return domain + hashlib.sha256(b"".join(parts)).digest()
