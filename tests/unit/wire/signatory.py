"""A node's own key, and what it signs with it: made with the host's libraries, not with the node's arithmetic."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.wire import table
from anju.wire.evidence import SignedStatement, Statement, Witnessed
from anju.wire.label import device_id
from anju.wire.messages import Evidence, Extra, Header, Message

NETWORK, NODE, EPOCH = 1, 7, 1
TIME_S = 1_790_000_000
FIRST = bytes(32)


class Signatory:
    """Signs as the device that is named after its key."""

    def __init__(self, seed: int = 1) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))
        self.public_key = self._key.public_key().public_bytes_raw()
        self.device = device_id(self.public_key)

    def testimony(
        self,
        events: Sequence[Witnessed],
        before: bytes = FIRST,
        place: tuple[int, int, int] = (NETWORK, NODE, EPOCH),
        device: str = "",
    ) -> SignedStatement:
        """A signed statement of these events."""
        named = (device or self.device).encode()
        statement = Statement(named, *place, TIME_S, 60, before, len(events))
        unsigned = SignedStatement(statement, tuple(events), b"")
        return unsigned._replace(signature=self._key.sign(table.EVIDENCE_PREFIX + unsigned.digest))


def body_of(told: SignedStatement) -> Evidence:
    """The body of its frame."""
    one = told.statement
    return Evidence(table.Type.EVIDENCE, table.Flag.ACK_REQUESTED, one.time_s, one.time_age_s, one.events, bytes(7))


def extras_of(told: SignedStatement) -> tuple[Extra, ...]:
    """What is behind that."""
    rows = b"".join(struct.pack(table.format_of(table.WITNESSED), *event) for event in told.events)
    return (
        Extra(table.Extra.SIGNATURE, told.signature),
        Extra(table.Extra.BEFORE, told.statement.before),
        Extra(table.Extra.EVENTS, rows),
    )


def message_of(told: SignedStatement) -> Message:
    """Its frame, opened."""
    one = told.statement
    return Message(Header.up(one.network, one.node, one.epoch, 50), body_of(told), extras_of(told))


def press(first_counter: int = 18, time_s: int = TIME_S - 5) -> Witnessed:
    """The button by the bed."""
    return Witnessed(EPOCH, first_counter, table.Code.PANIC, 1, time_s)
