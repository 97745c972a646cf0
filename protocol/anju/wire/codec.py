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
from functools import partial

from construct import ConstructError

from anju.wire import bodies, table
from anju.wire.messages import Body, Extra, Header, Message, Unknown
from anju.wire.seal import Cipher, InvalidTag

# Names of this module, not attributes of another, and messages made as `Block` makes them: `open` runs for every frame.
_HEADER, _BODIES = bodies.HEADER, bodies.BODIES
_HEADER_BYTES, _BODY_BYTES = table.HEADER_BYTES, table.BODY_BYTES
_LEAST_BYTES, _MOST_BYTES = table.LEAST_BYTES, table.MOST_BYTES
_message = partial(tuple.__new__, Message)
_NAME_BYTES = 8
"""The header but for its counter: magic, direction, epoch, zero, network and node. It selects a key."""


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
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"frame refused: {self.reason}"


class Codec:
    """Opens frames of one direction and seals frames of both, under the keys it was told."""

    def __init__(self, receives: table.LinkClass) -> None:
        self._receives = receives
        self._sealing: dict[bytes, Cipher] = {}
        self._opening: dict[bytes, Cipher] = {}

    def learn(self, network: int, node: int, epoch: int, *, up: bytes, down: bytes) -> None:
        """Accept a node's keys for one epoch; ValueError for a key that is not 16 bytes or an equal pair."""
        if up == down:
            raise ValueError("the two directions of a link need two different keys")
        ciphers = {table.LinkClass.UP: Cipher(up), table.LinkClass.DOWN: Cipher(down)}
        for link_class, cipher in ciphers.items():
            self._sealing[_name(link_class, network, node, epoch)] = cipher
        self._opening[_name(self._receives, network, node, epoch)] = ciphers[self._receives]

    def forget(self, network: int, node: int, epoch: int) -> None:
        """Drop a node's keys for one epoch; unknown ones are no error."""
        for link_class in (table.LinkClass.UP, table.LinkClass.DOWN):
            name = _name(link_class, network, node, epoch)
            self._sealing.pop(name, None)
            self._opening.pop(name, None)

    def knows(self, network: int, node: int, epoch: int) -> bool:
        """Whether keys for this node and epoch are loaded."""
        return _name(self._receives, network, node, epoch) in self._opening

    def open(self, frame: bytes) -> Message:
        """The message of a frame; Refused if it is not authentic, an `Unknown` body if it cannot be read."""
        cipher = self._opening.get(frame[:_NAME_BYTES])
        if cipher is None or not _LEAST_BYTES <= len(frame) <= _MOST_BYTES:
            raise Refused(self._reason(frame))
        clear = frame[:_HEADER_BYTES]
        try:
            plaintext = cipher.open(clear, frame[_HEADER_BYTES:])
        except InvalidTag:
            raise Refused(Reason.TAG) from None
        header = _HEADER.parse(clear)
        block = _BODIES.get(plaintext[0])
        if block is None:
            return Message(header, Unknown(plaintext[0], plaintext[1]))
        if len(plaintext) == _BODY_BYTES:
            return _message((header, block.parse(plaintext), ()))
        return _with_extras(header, block, plaintext)

    def seal(self, header: Header, body: Body, extras: Iterable[Extra] = ()) -> bytes:
        """A frame; KeyError without a key for it, ValueError if it would exceed 250 bytes, struct.error for a bad value."""
        clear = bodies.HEADER.build(header)
        frame = self._sealing[clear[:_NAME_BYTES]].seal(clear, bodies.build(body, extras))
        if len(frame) > table.MOST_BYTES:
            raise ValueError(f"a frame has at most {table.MOST_BYTES} bytes, not {len(frame)}")
        return frame

    def _reason(self, frame: bytes) -> Reason:
        """Which check, in their order, a frame fails that cannot be tried with a key."""
        if not table.LEAST_BYTES <= len(frame) <= table.MOST_BYTES:
            return Reason.LENGTH
        header: Header = bodies.HEADER.parse(frame[:_HEADER_BYTES])
        if header.magic != table.MAGIC or header.reserved:
            return Reason.HEADER
        if header.link_class != self._receives:
            return Reason.DIRECTION
        return Reason.UNKNOWN_NODE


def _name(link_class: int, network: int, node: int, epoch: int) -> bytes:
    return bodies.HEADER.build(Header(table.MAGIC, link_class, epoch, 0, network, node, 0))[:_NAME_BYTES]


def _with_extras(header: Header, block: bodies.Block, plaintext: bytes) -> Message:
    """A message whose body has extras behind it; what cannot be read, or must be understood and is not, is `Unknown`."""
    try:
        extras = bodies.EXTRAS.parse(plaintext[_BODY_BYTES:])
    except ConstructError:
        return Message(header, Unknown(plaintext[0], plaintext[1]))
    if any(extra.type & table.CRITICAL and extra.type not in bodies.KNOWN_EXTRAS for extra in extras):
        return Message(header, Unknown(plaintext[0], plaintext[1]))
    return Message(header, block.parse(plaintext[:_BODY_BYTES]), extras)
