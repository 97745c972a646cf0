"""What a person asks with the keys, from the first one that was let go to the answer: stands before the device meanwhile.

    digits … action key ──► REQUEST ──► ACK: done, or refused
                                   └──► CHALLENGE ──► REQUEST with the challenge, and the code if there are digits ──► ACK

Nothing of it outlives `WAIT_MS` nor a sleep: a request that was held back on its way is worth nothing to whoever lets it go
later. Loaded when a key is let go, and forgotten when its answer was shown.
"""

import os

from micropython import const

from anju.node import feedback, frame
from anju.node.keys import DIGITS
from anju.node.outbox import Entry
from anju.pair.beside import Beside
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from anju.node.keys import Keys

WAIT_MS = 10000
"""So long a person waits for an answer, and a digit for the next one."""
SHOWN_MS = 2000
"""Of the answer."""
MOST_DIGITS = 16

ASKING = const(10)
GRANTED = const(11)
DENIED = const(12)
"""Stages, beside those of `anju.node.feedback`: amber pulse, green with one beep, red with a low one."""
feedback.PATTERNS[ASKING] = ((), ((0, 1, 0, 0, 150), (0, 0, 0, 0, 150)))
feedback.PATTERNS[GRANTED] = (((1, 0, 0, 2000, 150),), ((1, 0, 0, 0, SHOWN_MS),))
feedback.PATTERNS[DENIED] = (((0, 0, 1, 400, 600),), ((0, 0, 1, 0, SHOWN_MS),))

_EXTRAS = table.HEADER_BYTES + table.BODY_BYTES
_GOOD = (table.Verdict.ACCEPTED, table.Verdict.DUPLICATE)


class Asking(Beside):
    """One person at the keys."""

    def __init__(self, device: "Any", keys: "Keys", now: int) -> None:
        super().__init__(device)
        device.orders.others[table.Order.CHALLENGE] = self._challenged
        self._keys = keys
        self._zone = len(device.identity.inputs) - 1
        self._digits = bytearray()
        self._entry: "Entry | None" = None
        """The REQUEST that is on its way."""
        self._is_answered = False
        """The challenge of this press: each press answers one."""
        self.is_over = False
        """It is not needed any more."""
        self._ends_ms = now + WAIT_MS

    def poll(self, now: int) -> "bytearray | None":
        """A frame to send at once, the device's."""
        sealed = super().poll(now)
        if sealed is not None:
            return sealed
        for key in self._keys.let_go:
            self._press(key, now)
        self._keys.let_go.clear()
        entry = self._entry
        if entry is not None and entry.verdict:
            self._entry = None
            self._tell(GRANTED if entry.verdict in _GOOD else DENIED, now)
        if now >= self._ends_ms and not self.is_over:
            self._end(now)
        return super().poll(now)

    def next_deadline(self) -> "int | None":
        """When to poll again."""
        deadline = super().next_deadline()
        return self._ends_ms if deadline is None else min(deadline, self._ends_ms)

    def work(self, now: int) -> bool:
        """Nothing takes it long."""
        return False

    def rest_ms(self, now: int) -> int:
        """It stays awake."""
        return 0

    def _challenged(self, counter: int, body: bytes, left_ms: int, now: int) -> int:
        """Answer for the press that this names, if it is the one that waits: by a REQUEST, or by nothing at all."""
        entry, challenge = self._entry, frame.find_extra(body, table.Extra.CHALLENGE)
        request_id = body[12] << 8 | body[13]
        if entry is None or entry.event_id != request_id or now >= self._ends_ms or self._is_answered:
            return 0
        if challenge is None or len(challenge) != table.CHALLENGE_BYTES:
            return 0
        self._is_answered = True
        self._withdraw()
        extras = frame.extra(table.Extra.CHALLENGE, challenge)
        if len(self._keys.keys) > DIGITS:
            extras += frame.extra(table.Extra.CODE, bytes(self._digits))
        self._digits = bytearray()
        self._send(entry.code, request_id, extras, now)
        return 0

    def _press(self, key: int, now: int) -> None:
        if self._entry is not None:
            return  # one thing at a time: who is impatient asks nothing new
        self._ends_ms = now + WAIT_MS
        if key >= DIGITS:
            if len(self._digits) < MOST_DIGITS:
                self._digits.append(48 + key - DIGITS)
            return
        self._is_answered = False
        self._show(ASKING, WAIT_MS, now)
        self._send(table.Action.AWAY + key, int.from_bytes(os.urandom(2), "big") or 1, b"", now)

    def _send(self, action: int, request_id: int, extras: bytes, now: int) -> None:
        device = self.device
        entry = Entry(table.Type.REQUEST, action, self._zone, now, frame.blank(extras))
        entry.event_id = request_id
        time_s, levels = device.clock.at(now), 0
        for number, contact in enumerate(device.inputs):
            levels |= contact.is_active << number
        frame.write_status(
            entry.frame, entry.kind, table.Flag.ACK_REQUESTED, time_s, request_id, action, entry.zone, levels, 0
        )
        entry.content = bytes(entry.frame[table.HEADER_BYTES : _EXTRAS]) + extras
        self._entry = entry
        device.outbox.add(entry, now)

    def _withdraw(self) -> None:
        """Never sent again."""
        if self._entry is not None:
            self.device.outbox.remove(self._entry)
            self._entry = None

    def _end(self, now: int) -> None:
        if self._entry is not None:
            self._withdraw()
            self._tell(DENIED, now)
            return
        self._digits = bytearray()
        self.device.orders.others.pop(table.Order.CHALLENGE)
        self.is_over = True

    def _tell(self, stage: int, now: int) -> None:
        """The answer, for a while."""
        self._show(stage, SHOWN_MS, now)
        self._ends_ms = now + SHOWN_MS

    def _show(self, stage: int, lasts_ms: int, now: int) -> None:
        """Unless a press of the panic button has something to tell."""
        if not feedback.SENDING <= self.feedback.stage <= feedback.COMING:
            self.feedback.show(stage, lasts_ms, now)
