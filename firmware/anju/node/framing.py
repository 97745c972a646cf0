"""Frames on byte streams: COBS(frame + CRC-32) and a zero byte. No I/O here: bytes in, frames out, and back.

The CRC tells a line fault (noise, a collision) from a forgery: what passes the CRC and fails the tag was made by someone.
COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999.
"""

import struct
from binascii import crc32

from micropython import const

from anju.wire import table

_CRC_BYTES = const(4)
_MOST = table.MOST_BYTES + _CRC_BYTES
_MOST_ENCODED = _MOST + 2
"""COBS adds one byte for each 254 begun; one to spare."""

_FULL = const(0xFF)
"""Code of a block of 254 bytes without a zero behind it."""


class Framer:
    """Encodes frames into one buffer that it keeps."""

    def __init__(self) -> None:
        self._encoded = memoryview(bytearray(_MOST_ENCODED + 1))

    def encode(self, frame: "bytes | bytearray") -> memoryview:
        """The bytes that carry `frame`, delimiter last; valid until the next call."""
        size = len(frame)
        end = 1 + size + _CRC_BYTES
        encoded = self._encoded
        encoded[1 : 1 + size] = frame
        struct.pack_into(">I", encoded, 1 + size, crc32(frame))
        plain = bytes(encoded[1:end])
        # From zero to zero, not from byte to byte: the interpreter's time for a frame is what a resident waits for. No two zeros
        # are further apart than one block reaches, because a frame and its CRC have 254 bytes at most.
        at = 0
        zero = plain.find(b"\0")
        while zero >= 0:
            encoded[at] = zero + 1 - at
            at = zero + 1
            zero = plain.find(b"\0", at)
        encoded[at] = end - at
        encoded[end] = 0
        return encoded[: end + 1]


class Deframer:
    """Cuts a byte stream into frames; remembers at most one frame, however long the garbage."""

    def __init__(self) -> None:
        self.faults = 0
        """Stretches between two delimiters that were not a frame, since the start."""
        self._pending = bytearray(_MOST_ENCODED)
        self._size = 0
        self._data = memoryview(b"")
        self._at = 0

    def feed(self, data: memoryview) -> None:
        """Take bytes that arrived; `data` must stay as it is until `take` has answered None."""
        self._data = data
        self._at = 0

    def take(self) -> "bytes | None":
        """The next whole frame among the bytes fed, or None when they are used up."""
        data = self._data
        pending = self._pending
        for at in range(self._at, len(data)):
            byte = data[at]
            if byte:
                # One past the end marks a stretch that is too long, until its delimiter comes.
                if self._size < _MOST_ENCODED:
                    pending[self._size] = byte
                if self._size <= _MOST_ENCODED:
                    self._size += 1
            elif self._size:
                frame = self._finish()
                if frame is not None:
                    self._at = at + 1
                    return frame
        self._at = len(data)
        return None

    def _finish(self) -> "bytes | None":
        size, self._size = self._size, 0
        length = _decode(self._pending, size) if size <= _MOST_ENCODED else 0
        frame = bytes(self._pending[: max(length - _CRC_BYTES, 0)])
        (crc,) = struct.unpack_from(">I", self._pending, len(frame))
        if crc == crc32(frame) and table.LEAST_BYTES <= len(frame) <= table.MOST_BYTES:
            return frame
        self.faults += 1
        return None


def _decode(data: bytearray, size: int) -> int:
    """Undo COBS in place (what is written is never ahead of what is read); the length, or 0 if it is not COBS."""
    read = write = 0
    while read < size:
        code = data[read]
        end = read + code
        if end > size:
            return 0
        read += 1
        while read < end:
            data[write] = data[read]
            read += 1
            write += 1
        if code != _FULL and read < size:
            data[write] = 0
            write += 1
    return write
