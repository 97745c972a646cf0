"""Pairing frames as typed messages: the tables of `table.py`, read and written whole and at their exact lengths.

PairingFault     bytes that are no pairing frame, or not one of this version; nothing of them was believed
"""

from __future__ import annotations

from typing import Final, NamedTuple

from anju.wire import table
from anju.wire.bodies import Block
from anju.wire.table import LinkClass, Step


class PairingFault(Exception):
    """No pairing frame that this version reads."""


class Clear(NamedTuple):
    """The clear part of a pairing frame."""

    magic: int
    link_class: int
    step: int
    reserved: int
    versions: int
    suite: int
    device: bytes
    network: int
    attempt: bytes

    def reply(self, step: Step, network: int) -> Clear:
        """That of an answer from a concentrator of this network: what the node has said comes back as it was."""
        return self._replace(step=step, network=network)

    def build(self) -> bytes:
        """Its 37 bytes."""
        return _CLEAR.build(self)

    @property
    def prologue(self) -> bytes:
        """What both ends of a handshake must have heard alike."""
        return self.build()[table.PROLOGUE_AT :]


class Answer(NamedTuple):
    """Who the node is, and what it runs."""

    public_key: bytes
    major: int
    minor: int
    patch: int
    inputs: int


class Grant(NamedTuple):
    """The node's place in the estate; `kinds` has a byte for each input, and zeros behind them."""

    root_key: bytes
    network: int
    node: int
    epoch: int
    time_s: int
    inputs: int
    kinds: bytes

    def build(self) -> bytes:
        """Its 58 bytes; struct.error where a value does not fit its field."""
        return GRANT.build(self)


class Proof(NamedTuple):
    """Ed25519 of the node over `Session.statement`."""

    signature: bytes


class Verdict(NamedTuple):
    """The concentrator's last word: one of `table.Outcome`."""

    outcome: int


_CLEAR = Block(table.PAIRING, Clear)
ANSWER = Block(table.ANSWER, Answer)
GRANT = Block(table.GRANT, Grant)
PROOF = Block(table.PROOF, Proof)
OUTCOME = Block(table.OUTCOME, Verdict)
_EPHEMERAL_BYTES = 32
FRAME_BYTES: Final[dict[int, int]] = {
    Step.OFFER: table.OFFER_BYTES,
    Step.KEY: table.PAIRING_BYTES + _EPHEMERAL_BYTES + table.TAG_BYTES,
    Step.ANSWER: table.PAIRING_BYTES + _EPHEMERAL_BYTES + ANSWER.size + table.TAG_BYTES,
    Step.GRANT: table.PAIRING_BYTES + GRANT.size + table.TAG_BYTES,
    Step.PROOF: table.PAIRING_BYTES + PROOF.size + table.TAG_BYTES,
    Step.OUTCOME: table.PAIRING_BYTES + OUTCOME.size + table.TAG_BYTES,
}
"""The one length of each step's frame."""


def is_pairing(frame: bytes) -> bool:
    """Whether a frame is for pairing and not for a link's codec; no promise that it can be read."""
    return frame[:2] == bytes((table.MAGIC, LinkClass.PAIRING))


def read(frame: bytes) -> tuple[Clear, bytes]:
    """The clear part and what is behind it; PairingFault says what is wrong."""
    if len(frame) < table.PAIRING_BYTES:
        raise PairingFault("length")
    clear: Clear = _CLEAR.parse(frame[: table.PAIRING_BYTES])
    if (clear.magic, clear.link_class, clear.reserved) != (table.MAGIC, LinkClass.PAIRING, 0):
        raise PairingFault("header")
    if not clear.versions & table.VERSIONS or clear.suite != table.SUITE:
        raise PairingFault("version")
    if len(frame) != FRAME_BYTES.get(clear.step):
        raise PairingFault("length")
    rest = frame[table.PAIRING_BYTES :]
    if clear.step == Step.OFFER and (clear.network or any(rest)):
        raise PairingFault("header")
    return clear, rest
