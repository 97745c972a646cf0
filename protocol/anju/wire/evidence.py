"""EVIDENCE: what a node has signed of its events, read from a frame or put together again, and judged by its public key alone.

    statement   device, place, time, `before` and the events, as `table.STATEMENT` and `table.WITNESSED` lay them out
    digest      SHA-256 of the statement; `before` of the next one, so that statements form a chain
    signature   Ed25519 over `table.EVIDENCE_PREFIX` and the digest

EvidenceFault     an EVIDENCE that says nothing: its extras do not fit its body
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from construct import ConstructError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from anju.wire import table
from anju.wire.bodies import Block
from anju.wire.label import device_id
from anju.wire.messages import Evidence, Message

_HASH_BYTES = 32
_SIGNATURE_BYTES = 64


class EvidenceFault(Exception):
    """Authentic, and yet no evidence."""


class Witnessed(NamedTuple):
    """One event: the keys under which it was first sealed and its counter then, what happened where, and when (0: unknown)."""

    epoch: int
    first_counter: int
    code: int
    zone: int
    time_s: int


class Statement(NamedTuple):
    """Everything but the events; `device` is ASCII, `before` the digest of the statement before this one, or zeros."""

    device: bytes
    network: int
    node: int
    epoch: int
    time_s: int
    time_age_s: int
    before: bytes
    events: int


_STATEMENT = Block(table.STATEMENT, Statement)
_WITNESSED = Block(table.WITNESSED, Witnessed)


class SignedStatement(NamedTuple):
    """A statement with its events and its signature."""

    statement: Statement
    events: tuple[Witnessed, ...]
    signature: bytes

    @property
    def digest(self) -> bytes:
        """By which the next one names it; 32 bytes."""
        text = _STATEMENT.build(self.statement) + b"".join(_WITNESSED.build(event) for event in self.events)
        return hashlib.sha256(text).digest()

    def is_by(self, public_key: bytes) -> bool:
        """Whether this key has signed it, and is the one that the device is named after."""
        if device_id(public_key).encode() != self.statement.device:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, table.EVIDENCE_PREFIX + self.digest)
        except (InvalidSignature, ValueError):
            return False
        return True


def read(message: Message, device: str) -> SignedStatement:
    """What a device says in a message whose body is an `Evidence`; EvidenceFault if its parts don't fit together."""
    header, body, _extras = message
    assert isinstance(body, Evidence)  # noqa: S101 - the caller's promise
    signature, before, events = map(message.extra, (table.Extra.SIGNATURE, table.Extra.BEFORE, table.Extra.EVENTS))
    if len(signature or b"") != _SIGNATURE_BYTES or len(before or b"") != _HASH_BYTES or any(body.reserved):
        raise EvidenceFault("no signature or nothing before it")
    size = _WITNESSED.size
    if not 0 < body.events <= table.MOST_WITNESSED or len(events or b"") != body.events * size:
        raise EvidenceFault("not as many events as it says")
    assert signature and before and events  # noqa: S101, PT018 - their lengths are right
    try:
        rows = tuple(_WITNESSED.parse(events[at : at + size]) for at in range(0, len(events), size))
    except ConstructError as error:
        raise EvidenceFault("events that cannot be read") from error
    place = header.network, header.node, header.epoch
    statement = Statement(device.encode(), *place, body.time_s, body.time_age_s, before, body.events)
    return SignedStatement(statement, rows, signature)
