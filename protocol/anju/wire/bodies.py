"""Construct models of the sealed bodies, built from `table.py`; the host's only decoder and encoder of a body.

A table row is read by one `Block`: a Construct whose whole width goes through one `struct.Struct` straight into the typed
message. Construct's field-by-field machinery would take about eight times as long and hand out mutable containers; its
compiled form accepts short data. A test holds every `Block` against a plain interpreted `Struct` on every truncation.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import partial
from typing import Any, BinaryIO

from construct import Construct, SizeofError, StreamError

from anju.wire import table
from anju.wire.messages import Ack, Body, Command, Evidence, Extra, Header, Hello, Status


class Block(Construct):
    """A fixed-width Construct that reads a whole table row into one message, and nothing shorter or longer."""

    def __init__(self, fields: str, message: type[tuple[Any, ...]]) -> None:
        """TypeError unless the message's fields are the table's, in its order."""
        super().__init__()
        if [*message.__annotations__] != [name for name, _ in table.rows_of(fields)]:
            raise TypeError(f"{message.__name__} does not have the fields of its table")
        packer = struct.Struct(table.format_of(fields))
        self.size = packer.size
        self._pack = packer.pack
        self._unpack = packer.unpack
        # What `message._make` does, without its call into Python: half of the time of reading a body.
        self._message = partial(tuple.__new__, message)

    def parse(self, data: bytes, **contextkw: Any) -> Any:
        """Message from exactly `size` bytes; StreamError for any other length."""
        try:
            return self._message(self._unpack(data))
        except struct.error:
            raise StreamError(f"{len(data)} bytes where {self.size} belong") from None

    def _parse(self, stream: BinaryIO, context: Any, path: str) -> Any:
        return self.parse(stream.read(self.size))

    def _build(self, obj: Any, stream: BinaryIO, context: Any, path: str) -> Any:
        stream.write(self._pack(*obj))
        return obj

    def build(self, obj: Any, **contextkw: Any) -> bytes:
        """Bytes of a message; struct.error where a value does not fit its field."""
        return self._pack(*obj)

    def _sizeof(self, context: Any, path: str) -> int:
        return self.size


class Extras(Construct):
    """Type-length-value triples to the end of the data; a triple that runs past the end is a StreamError."""

    def parse(self, data: bytes, **contextkw: Any) -> tuple[Extra, ...]:
        """All extras of `data`, in order."""
        extras = []
        at, end = 0, len(data)
        while at < end:
            if at + 2 > end or at + 2 + data[at + 1] > end:
                raise StreamError("an extra runs past the end of the body")
            kind, after = data[at], at + 2 + data[at + 1]
            extras.append(Extra(kind, data[at + 2 : after]))
            at = after
        return tuple(extras)

    def build(self, obj: Iterable[Extra], **contextkw: Any) -> bytes:
        """Bytes of extras; ValueError where a value is longer than 255 bytes."""
        return b"".join(bytes((extra.type, len(extra.value))) + extra.value for extra in obj)

    def _parse(self, stream: BinaryIO, context: Any, path: str) -> tuple[Extra, ...]:
        return self.parse(stream.read())

    def _build(self, obj: Iterable[Extra], stream: BinaryIO, context: Any, path: str) -> Iterable[Extra]:
        stream.write(self.build(obj))
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        raise SizeofError("extras have no fixed size")


HEADER = Block(table.HEADER, Header)
EXTRAS = Extras()
_MESSAGES: dict[int, type[tuple[Any, ...]]] = {
    table.Type.HELLO: Hello,
    table.Type.EVENT: Status,
    table.Type.HEARTBEAT: Status,
    table.Type.ACK: Ack,
    table.Type.COMMAND: Command,
    table.Type.EVIDENCE: Evidence,
    table.Type.REQUEST: Status,
}
BODIES: dict[int, Block] = {kind: Block(fields, _MESSAGES[kind]) for kind, fields in table.BODIES.items()}
KNOWN_EXTRAS = frozenset(int(kind) for kind in table.Extra)


def build(body: Body, extras: Iterable[Extra] = ()) -> bytes:
    """Plaintext of a body with its extras; KeyError for a type without a table."""
    return BODIES[body.type].build(body) + EXTRAS.build(extras)
