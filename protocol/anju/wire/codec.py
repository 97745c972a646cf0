"""The facade of the wire: sealed frames in, authenticated messages out, and back.

    Refused                  nothing of the frame was believed; `reason` says why
    +- one class: a caller counts by `reason` and never needs to tell the cases apart otherwise

Order of `Codec.open`: length, header, key by (network, node, epoch), tag, body (invariant I2: nothing is parsed before it is
authenticated). What was authenticated but cannot be read becomes an `Unknown` body, because an event that is not
understood is still an event.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from construct import ConstructError

from anju.wire import bodies, table
from anju.wire.messages import Body, Extra, Header, Message, Unknown
from anju.wire.seal import Cipher, InvalidTag

_HEADER_BYTES = table.HEADER_BYTES
_BODY_BYTES = table.BODY_BYTES
_ADDRESS = slice(2, 8)
"""Epoch, the reserved zero byte, network and node: what selects a key."""


class Reason(StrEnum):
    """Why a frame was refused; also the name of its counter."""

    LENGTH = "length"
    HEADER = "header"
    DIRECTION = "direction"
    UNKNOWN_NODE = "unknown_node"
    TAG = "tag"


class Refused(Exception):
    """A frame that was not authenticated. Count it; act on nothing in it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"frame refused: {reason}")
        self.reason = reason


class Codec:
    """Opens frames of one direction and seals frames of both, under the keys it was told."""

    def __init__(self, receives: table.LinkClass) -> None:
        self._receives = int(receives)
        self._up: dict[bytes, Cipher] = {}
        self._down: dict[bytes, Cipher] = {}
        self._opening = self._up if receives == table.LinkClass.UP else self._down

    def learn(self, network: int, node: int, epoch: int, *, up: bytes, down: bytes) -> None:
        """Accept a node's keys for one epoch; ValueError for a key that is not 16 bytes or an equal pair."""
        if up == down:
            raise ValueError("the two directions of a link need two different keys")
        address = self._address(network, node, epoch)
        self._up[address], self._down[address] = Cipher(up), Cipher(down)

    def forget(self, network: int, node: int, epoch: int) -> None:
        """Drop a node's keys for one epoch; unknown ones are no error."""
        address = self._address(network, node, epoch)
        self._up.pop(address, None)
        self._down.pop(address, None)

    def knows(self, network: int, node: int, epoch: int) -> bool:
        """Whether keys for this node and epoch are loaded."""
        return self._address(network, node, epoch) in self._up

    def open(self, frame: bytes) -> Message:
        """The message of a frame; Refused if it is not authentic, an `Unknown` body if it cannot be read."""
        if not table.LEAST_BYTES <= len(frame) <= table.MOST_BYTES:
            raise Refused(Reason.LENGTH)
        clear = frame[:_HEADER_BYTES]
        header: Header = bodies.HEADER.parse(clear)
        if header.magic != table.MAGIC or header.reserved:
            raise Refused(Reason.HEADER)
        if header.link_class != self._receives:
            raise Refused(Reason.DIRECTION)
        cipher = self._opening.get(frame[_ADDRESS])
        if cipher is None:
            raise Refused(Reason.UNKNOWN_NODE)
        try:
            plaintext = cipher.open(clear, frame[_HEADER_BYTES:])
        except InvalidTag:
            raise Refused(Reason.TAG) from None
        return _message(header, plaintext)

    def seal(self, header: Header, body: Body, extras: Iterable[Extra] = ()) -> bytes:
        """A frame; KeyError without a key for it, ValueError if it would exceed 250 bytes, struct.error for a bad value."""
        clear = bodies.HEADER.build(header)
        ciphers = self._up if header.link_class == table.LinkClass.UP else self._down
        frame = ciphers[clear[_ADDRESS]].seal(clear, bodies.build(body, extras))
        if len(frame) > table.MOST_BYTES:
            raise ValueError(f"a frame has at most {table.MOST_BYTES} bytes, not {len(frame)}")
        return frame

    @staticmethod
    def _address(network: int, node: int, epoch: int) -> bytes:
        return bytes((epoch, 0)) + network.to_bytes(2, "big") + node.to_bytes(2, "big")


def _message(header: Header, plaintext: bytes) -> Message:
    block = bodies.BODIES.get(plaintext[0])
    if block is None:
        return Message(header, Unknown(plaintext[0], plaintext[1]))
    if len(plaintext) == _BODY_BYTES:
        return Message(header, block.parse(plaintext))
    try:
        extras = bodies.EXTRAS.parse(plaintext[_BODY_BYTES:])
    except ConstructError:
        return Message(header, Unknown(plaintext[0], plaintext[1]))
    if any(extra.type & table.CRITICAL and extra.type not in bodies.KNOWN_EXTRAS for extra in extras):
        return Message(header, Unknown(plaintext[0], plaintext[1]))
    return Message(header, block.parse(plaintext[:_BODY_BYTES]), extras)
