"""What must reach the concentrator, until it says that it has it: retries, fresh numbers, and what gives way when full.

Retry: 0.1 * 2^i s, at most 2 s, each 50 % up or down by chance, without end; every retry repeats the same bytes.
Window: the concentrator refuses a counter 32 behind its highest, so a message is sealed again, under a new counter and its old
event id, before the node's numbers run 16 past it. At most FLYING messages are under way at once; the others wait, panics
first.
Overflow: the ring holds CAPACITY events beside the HELLO. When it is full the event of least worth gives way, the newest first:
a restoration, then an opening or a tamper, then a panic where an older one of the same zone still waits. The first
panic of a zone never does, nor the first that is held, and there is a place for both of each zone. What gave way is counted in
`dropped`; the levels that every frame carries tell the present state all the same.
"""

from micropython import const

from anju.wire import table

try:
    from typing import Callable
except ImportError:  # MicroPython
    pass

CAPACITY = 32
FLYING = 8
"""Half of the span below, so that sealing again always ends."""

SPAN = 16
"""Numbers that the node may run beyond the oldest message under way; half of the concentrator's window."""

FIRST_RETRY_MS = 100
SLOWEST_RETRY_MS = 2000

_RESTORATIONS = (table.Code.CLOSED, table.Code.TAMPER_RESTORED, table.Code.CLEARED)
_URGENT = (table.Code.PANIC, table.Code.HELD, table.Code.DETECTED)
_KEEP = const(3)
"""Worth of what never gives way."""


class Entry:
    """One message on its way: a HELLO, an EVENT with its code, zone and the moment it happened, an EVIDENCE, or a REQUEST."""

    content = b""
    """Body and extras, where they are the same under every counter."""
    verdict = 0
    """Of its acknowledgement; 0 = there is none yet."""

    def __init__(self, kind: int, code: int, zone: int, made_ms: int, frame: bytearray) -> None:
        self.kind = kind
        self.code = code
        self.zone = zone
        self.made_ms = made_ms
        self.time_s = -1
        """When it happened, if that was before the last start, and 0 if nobody knows; -1 = `made_ms` tells."""
        self.frame = frame
        self.event_id = 0
        self.first_counter = 0
        self.counter = 0
        """Of the frame as it is sealed now."""
        self.is_flying = False
        self.first_ms = -1
        """First transmission under this counter; -1 = not yet."""
        self.due_ms = 0
        self.tries = 0

    def is_urgent(self) -> bool:
        """Whether it goes before the others: a panic, one that is held, and the first HELLO, which begins every session."""
        return self.code in _URGENT or (self.kind == table.Type.HELLO and not self.tries)


class Outbox:
    """Unacknowledged messages in the order they were made, and the only giver of frame numbers."""

    def __init__(
        self, take: "Callable[[], int]", seal: "Callable[[Entry], None]", random: "Callable[[int], int]"
    ) -> None:
        """`take()` gives a number, `seal(entry)` fills its frame under `entry.counter`, `random(n)` is in 0..n-1."""
        self.dropped = 0
        self._take = take
        self._seal = seal
        self._random = random
        self._entries: "list[Entry]" = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry, now: int) -> bool:
        """Take a message and give it its event id; False if it gave way itself. StoreError: there was no number for it."""
        if entry.kind == table.Type.EVENT and len(self.events()) >= CAPACITY:
            self.dropped += 1
            victim = self._least(entry)
            if victim is entry:
                return False
            self._entries.remove(victim)
        self._number(entry)
        self._entries.append(entry)
        if self._make_room_for(entry):
            try:
                self._launch(entry, now)
            except MemoryError:
                pass  # the next `poll` tries again
        return True

    def restore(self, entry: Entry) -> None:
        """Take back an event of an earlier life, with its first counter; it flies when it is its turn, under a new number."""
        entry.event_id = entry.first_counter & 0xFFFF
        entry.counter = entry.first_counter
        self._entries.append(entry)

    def events(self) -> "list[Entry]":
        """The events that are not acknowledged, oldest first."""
        return [entry for entry in self._entries if entry.kind == table.Type.EVENT]

    def number(self) -> int:
        """The next number, after sealing again what it would leave too far behind; StoreError if there is none."""
        number = self._take()
        for _ in range(FLYING):
            oldest = self._oldest()
            if oldest is None or number - oldest.counter <= SPAN:
                break
            oldest.counter = number
            self._launch(oldest, oldest.due_ms)
            number = self._take()
        return number

    def poll(self, now: int) -> "Entry | None":
        """A message whose frame is to be sent now, counted as sent; None if none is due."""
        self._fill(now)
        chosen = None
        for entry in self._entries:
            if (
                entry.is_flying
                and entry.due_ms <= now
                and (chosen is None or (entry.is_urgent() and not chosen.is_urgent()))
            ):
                chosen = entry
        if chosen is not None:
            if chosen.first_ms < 0:
                chosen.first_ms = now
            delay = min(FIRST_RETRY_MS << min(chosen.tries, 5), SLOWEST_RETRY_MS)
            chosen.due_ms = now + delay // 2 + self._random(delay + 1)
            chosen.tries += 1
        return chosen

    def find(self, counter: int, event_id: int) -> "Entry | None":
        """The message that an answer to `counter` is about; an earlier sealing of the same event will do."""
        for entry in self._entries:
            if entry.counter == counter:
                return entry
            if event_id and entry.event_id == event_id and entry.first_counter <= counter < entry.counter:
                return entry
        return None

    def remove(self, entry: Entry) -> None:
        """Forget a message that has arrived."""
        self._entries.remove(entry)

    def waiting(self, code: int, zone: int) -> "Entry | None":
        """The oldest message with this code and zone that is still on its way."""
        for entry in self._entries:
            if entry.code == code and entry.zone == zone:
                return entry
        return None

    def deadline(self) -> "int | None":
        """When the next frame is due; None = nothing is on its way."""
        soonest = None
        for entry in self._entries:
            if entry.is_flying and (soonest is None or entry.due_ms < soonest):
                soonest = entry.due_ms
        return soonest

    def _number(self, entry: Entry) -> None:
        """Give it the next number, and a name where it has none: an event id tells no more than 65,536 numbers apart."""
        entry.counter = self.number()
        if entry.kind != table.Type.EVENT:
            entry.first_counter = entry.counter
        elif not entry.event_id or entry.counter - entry.first_counter > 0xFFFF:
            while not entry.counter & 0xFFFF:
                entry.counter = self.number()  # event id 0 means "no event"
            entry.first_counter = entry.counter
            entry.event_id = entry.counter & 0xFFFF

    def _oldest(self) -> "Entry | None":
        oldest = None
        for entry in self._entries:
            if entry.is_flying and (oldest is None or entry.counter < oldest.counter):
                oldest = entry
        return oldest

    def _make_room_for(self, entry: Entry) -> bool:
        """Whether it may fly at once; a panic may ground the newest message that is none."""
        flying, calm = 0, None
        for other in self._entries:
            if other.is_flying:
                flying += 1
                calm = calm if other.is_urgent() else other
        if flying < FLYING:
            return True
        if calm is None or not entry.is_urgent():
            return False
        calm.is_flying = False
        return True

    def _launch(self, entry: Entry, now: int) -> None:
        # Without memory for its seal it waits, and then flies under another number: nothing leaves unsealed.
        entry.is_flying = False
        self._seal(entry)
        entry.is_flying = True
        entry.first_ms = -1
        entry.due_ms = now

    def _fill(self, now: int) -> None:
        """Let waiting messages fly where there is room, panics first."""
        flying = 0
        for entry in self._entries:
            flying += entry.is_flying
        while flying < min(FLYING, len(self._entries)):
            waiting = [entry for entry in self._entries if not entry.is_flying]
            urgent = [entry for entry in waiting if entry.is_urgent()]
            entry = (urgent or waiting)[0]
            self._number(entry)
            entry.tries = 0
            self._launch(entry, now)
            flying += 1

    def _least(self, newcomer: Entry) -> Entry:
        least = newcomer
        for entry in reversed(self._entries):
            if self._worth(entry) < self._worth(least):
                least = entry
        return least

    def _worth(self, entry: Entry) -> int:
        if entry.kind != table.Type.EVENT:
            return _KEEP
        if entry.is_urgent():
            return _KEEP if self.waiting(entry.code, entry.zone) in (entry, None) else 2
        return 0 if entry.code in _RESTORATIONS else 1
