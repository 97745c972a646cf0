"""What a node that slept deeply must not have forgotten: one block of bytes for the memory that outlives deep sleep.

    header    _HEADER: of whom, which numbers are free, session, time, inputs, plan
    presses   event ids that an answer may name, complements of those of presses that nobody may notice
    answers   what was said to the last commands
    outbox    the events that nobody has acknowledged (`anju.node.keeping`)
    CRC-32    over all that

Moments are told from the moment of falling asleep, backwards or forwards. The block is good for one waking: who takes it wipes
the memory before a number is used, so that a node that crashes later starts from its store, at the ceiling. It is
believed only if it is whole, of the same keys, and the store's ceiling is the one it was written under: every start from the
store has raised that.
"""

import struct
from binascii import crc32

from micropython import const

from anju.node.identity import Identity

try:
    from typing import Sequence
except ImportError:  # MicroPython
    pass

MOST_BYTES = 2048
"""As much as an ESP32 has."""

_VERSION = 3
_HEADER = ">BBBHHBQII8sBIIIHHIIBBB"
_PRESSES = ">{}i"
_ANSWER = ">IIB"
_CRC = ">I"
_SESSION = const(1)
_TIME = const(2)
_UNDELIVERED = const(4)
_STORED = const(8)
"""Bits of the flags: window open, time known, the newest press not acknowledged, the store holds events."""

_MOST = 0xFFFFFFFF


class Retained:
    """What is told; every moment is in milliseconds."""

    def __init__(self) -> None:
        self.slept_ms = 0
        """When it fell asleep, by a clock that goes on in sleep."""
        self.next_number = 0
        """Never used yet, as is none above it."""
        self.ceiling = 0
        self.challenge = b""
        self.reset_cause = 0
        """Extras of a HELLO that is not answered yet."""
        self.floor = -1
        """Highest downward counter that was accepted; -1 = the HELLO is not answered."""
        self.seen = 0
        self.time_s = -1
        """Unix time `time_age_ms` ago, below 1,000; -1 = not known."""
        self.time_age_ms = 0
        self.levels = 0
        """Bit n: input n is active."""
        self.heartbeat_ms = 0
        """Until the next heartbeat is due."""
        self.stirred_ms = 0
        """Since the last event was made."""
        self.unanswered = 0
        self.is_undelivered = False
        self.is_stored = False
        self.presses: "Sequence[int]" = ()
        self.answers: "Sequence[tuple[int, int, int]]" = ()
        """Counter of the command's frame, command id, verdict."""
        self.outbox = b""

    def pack(self, owner: Identity) -> bytes:
        """The block, never above MOST_BYTES."""
        flags = _SESSION * (self.floor >= 0) | _TIME * (self.time_s >= 0)
        flags |= _UNDELIVERED * self.is_undelivered | _STORED * self.is_stored
        block = bytearray(
            struct.pack(
                _HEADER,
                _VERSION,
                flags,
                owner.epoch,
                owner.network,
                owner.node,
                len(owner.inputs),
                self.slept_ms,
                self.next_number,
                self.ceiling,
                self.challenge,
                self.reset_cause,
                max(self.floor, 0),
                self.seen,
                max(self.time_s, 0),
                self.time_age_ms,
                self.levels,
                max(self.heartbeat_ms, 0),
                min(self.stirred_ms, _MOST),
                self.unanswered,
                len(self.presses),
                len(self.answers),
            )
        )
        block += struct.pack(_PRESSES.format(len(self.presses)), *self.presses)
        for answer in self.answers:
            block += struct.pack(_ANSWER, *answer)
        block += self.outbox
        return bytes(block + struct.pack(_CRC, crc32(block)))

    @classmethod
    def unpack(cls, owner: Identity, ceiling: int, block: bytes) -> "Retained | None":
        """What was packed by this owner under this ceiling; None if it is anything else."""
        start = struct.calcsize(_HEADER)
        body = block[:-4]
        if len(body) < start or struct.unpack(_CRC, block[-4:])[0] != crc32(body):
            return None
        told = struct.unpack_from(_HEADER, body)
        self = cls()
        version, flags = told[:2]
        self.slept_ms, self.next_number, self.ceiling, self.challenge, self.reset_cause = told[6:11]
        self.floor, self.seen, self.time_s, self.time_age_ms = told[11:15]
        self.levels, self.heartbeat_ms, self.stirred_ms, self.unanswered, presses, answers = told[15:]
        owned = (owner.epoch, owner.network, owner.node, len(owner.inputs))
        if version != _VERSION or told[2:6] != owned or self.ceiling != ceiling or not 0 < self.next_number <= ceiling:
            return None
        middle = start + 4 * presses
        end = middle + struct.calcsize(_ANSWER) * answers
        if end > len(body):
            return None
        self.presses = struct.unpack_from(_PRESSES.format(presses), body, start)
        self.answers = [struct.unpack_from(_ANSWER, body, at) for at in range(middle, end, struct.calcsize(_ANSWER))]
        self.outbox = body[end:]
        if not flags & _SESSION:
            self.floor = -1
        if not flags & _TIME:
            self.time_s = -1
        self.is_undelivered = bool(flags & _UNDELIVERED)
        self.is_stored = bool(flags & _STORED)
        return self
