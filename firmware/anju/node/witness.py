"""What this node has still to sign for: events that the concentrator has acknowledged, until an EVIDENCE of them is, too.

After an alarm a statement is due, of that and of what happened before it. What is due outlives the power; the rest is not worth
a write to flash, and a node that loses its power forgets it.
"""

import struct

from micropython import const

from anju.node.identity import StoreError
from anju.wire import table

try:
    from collections.abc import Callable
except ImportError:  # MicroPython
    pass

AGAIN_MS = 60000
"""After a statement that could not be made for want of memory."""

_CAPACITY = const(32)
_ROW = table.format_of(table.WITNESSED)
_ROW_BYTES = struct.calcsize(_ROW)
_HASH_BYTES = const(32)
_ALARMS = (table.Code.PANIC, table.Code.HELD, table.Code.TAMPERED, table.Code.LEAVING, table.Code.DETECTED)
_ARMED = (table.ArmMode.HOME, table.ArmMode.AWAY)


class Witness:
    """Events in the order in which they were acknowledged, and the statement before them."""

    def __init__(self, keep: "Callable[[bytes], None]", kept: "bytes | None") -> None:
        """`keep(content)` stores what the next start gets as `kept`, or raises StoreError."""
        self.before = bytes(_HASH_BYTES)
        """Digest of the latest statement that was acknowledged; zeros if there is none."""
        self.due_ms = 0
        """When a statement may be made, if one `is_owed`."""
        self._keep = keep
        self._rows: "list[bytes]" = []
        self._owed = 0
        """Rows up to the newest alarm."""
        self._stated = 0
        """Rows in the statement that is being made or on its way."""
        if kept and len(kept) % _ROW_BYTES == _HASH_BYTES % _ROW_BYTES:
            self.before = kept[:_HASH_BYTES]
            self._rows = [kept[at : at + _ROW_BYTES] for at in range(_HASH_BYTES, len(kept), _ROW_BYTES)]
            self._owed = len(self._rows)

    @property
    def is_owed(self) -> bool:
        """Whether a statement is due, and none is under way."""
        return self._owed > 0 and not self._stated

    def saw(self, epoch: int, first_counter: int, code: int, zone: int, time_s: int, arm_mode: int) -> None:
        """An event was acknowledged, with this arm state."""
        self._rows.append(struct.pack(_ROW, epoch, first_counter, code, zone, time_s))
        if code in _ALARMS or (code == table.Code.OPENED and arm_mode in _ARMED):
            self._owed = len(self._rows)
            self._store()
        if len(self._rows) > _CAPACITY:
            del self._rows[self._stated]
            self._owed = max(self._owed - 1, 0)

    def state(self) -> "list[bytes]":
        """The rows of the next statement, which is under way from now on."""
        rows = self._rows[: table.MOST_WITNESSED]
        self._stated = len(rows)
        return rows

    def postpone(self, now: int) -> None:
        """That statement could not be made."""
        self._stated = 0
        self.due_ms = now + AGAIN_MS

    def told(self, digest: bytes) -> None:
        """The statement with this digest was acknowledged."""
        del self._rows[: self._stated]
        self._owed = max(self._owed - self._stated, 0)
        self._stated = 0
        self.before = digest
        self._store()

    def _store(self) -> None:
        try:
            self._keep(self.before + b"".join(self._rows[: self._owed]))
        except StoreError:
            pass  # only a loss of power would now lose them
