"""Frames on byte streams: COBS(frame + CRC-32) and a zero byte. No I/O here: bytes in, frames and line faults out.

The CRC tells a line fault (noise, a collision) from a forgery: what passes the CRC and fails the tag was made by someone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from enum import Enum

from cobs import cobs

from anju.wire import table

_CRC_BYTES = 4
_MOST_ENCODED = table.MOST_BYTES + _CRC_BYTES + 2
"""COBS adds one byte for each 254 begun (Cheshire and Baker, 1999); one to spare."""


class LineFault(Enum):
    """Why a stretch of bytes between two zeros was not a frame."""

    COBS = "cobs"
    CRC = "crc"
    LENGTH = "length"


def frame_to_stream(frame: bytes) -> bytes:
    """The bytes that carry a frame on a byte stream, delimiter last."""
    encoded: bytes = cobs.encode(frame + zlib.crc32(frame).to_bytes(_CRC_BYTES, "big"))
    return encoded + b"\0"


class Deframer:
    """Cuts a byte stream into frames; remembers at most one frame, however long the garbage."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._overrun = False

    def feed(self, data: bytes) -> Iterator[bytes | LineFault]:
        """Frames and line faults that `data` completes, in order; empty stretches (idle line) are neither."""
        *complete, rest = data.split(b"\0")
        for piece in complete:
            self._keep(piece)
            outcome = self._finish()
            if outcome is not None:
                yield outcome
        self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        room = _MOST_ENCODED - len(self._pending)
        if len(piece) > room:
            self._overrun = True
        self._pending += piece[: max(room, 0)]

    def _finish(self) -> bytes | LineFault | None:
        encoded, overrun = bytes(self._pending), self._overrun
        self._pending.clear()
        self._overrun = False
        if overrun:
            return LineFault.LENGTH
        if not encoded:
            return None
        try:
            decoded: bytes = cobs.decode(encoded)
        except cobs.DecodeError:
            return LineFault.COBS
        frame, crc = decoded[:-_CRC_BYTES], decoded[-_CRC_BYTES:]
        if zlib.crc32(frame) != int.from_bytes(crc, "big"):
            return LineFault.CRC
        if not table.LEAST_BYTES <= len(frame) <= table.MOST_BYTES:
            return LineFault.LENGTH
        return frame
