"""EVIDENCE: the node signs for its alarms and what happened before them, so that nobody else could have made them up.

Loaded once a statement is due, and forgotten when it is on its way.
"""

import gc
import struct
from hashlib import sha256

from anju.node import frame
from anju.node.device import ENDED
from anju.pair.beside import Beside
from anju.pair.provision import label_of
from anju.pair.signing import signed
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from anju.pair.provision import Label, Store

_STATEMENT = table.format_of(table.STATEMENT)
_EVIDENCE = table.format_of(table.EVIDENCE)


class Testifying(Beside):
    """Stands before an enrolled device until its statement is made."""

    def __init__(self, device: "Any", label: "Label") -> None:
        super().__init__(device)
        self._label = label
        self._now_ms = 0
        self._job = self._working(device.witness.state())

    @property
    def has_work(self) -> bool:
        """Until it is made."""
        return not self.wish

    def work(self, now: int) -> bool:
        """One slice; whether there was one. Without memory for it, it is put off."""
        if self.wish:
            return False
        self._now_ms = now
        try:
            next(self._job)
        except StopIteration:
            self.wish = ENDED
        except MemoryError:
            print("evidence: no memory")
            self.device.witness.postpone(now)
            self.wish = ENDED
            gc.collect()
        return True

    def rest_ms(self, now: int) -> int:
        """It stays awake."""
        return 0

    def _working(self, rows: "list[bytes]") -> "Generator[None, None, None]":
        device, witness = self.device, self.device.witness
        own, clock, now = device.identity, device.clock, self._now_ms
        time_s, age_s = clock.at(now), clock.age_s(now)
        place = (self._label.device, own.network, own.node, own.epoch, time_s, age_s, witness.before, len(rows))
        digest = bytes(sha256(struct.pack(_STATEMENT, *place) + b"".join(rows)).digest())
        yield
        signature = yield from signed(self._label, table.EVIDENCE_PREFIX, digest)
        flags = table.Flag.ACK_REQUESTED
        body = struct.pack(_EVIDENCE, table.Type.EVIDENCE, flags, time_s, age_s, len(rows), bytes(7))
        extras = (
            (table.Extra.SIGNATURE, signature),
            (table.Extra.BEFORE, witness.before),
            (table.Extra.EVENTS, b"".join(rows)),
        )
        content = body + b"".join([frame.extra(kind, value) for kind, value in extras])
        device.testify(content, digest, self._now_ms)


def attend(device: "Any", store: "Store") -> "Any":
    """A statement by this device, which it has wished for; the device itself if its label is lost."""
    device.wish = 0
    label = label_of(store)
    if label is None:
        device.witness = None
        return device
    return Testifying(device, label)
