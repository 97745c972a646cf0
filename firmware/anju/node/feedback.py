"""What a resident sees and hears after a press: stages that are true, and cannot be mistaken for one another.

    IDLE -> SENDING -> HELD -> SEEN -> COMING -> IDLE        no answer: SENDING -> UNDELIVERED -> HELD
                    -> TESTED -> IDLE
    HELD        the concentrator acknowledged this press
    TESTED      it did, and took the press as a TEST: the way works, and nobody is called
    SEEN, COMING  a *person* did something: only an authenticated command that names a press of this node, and only for as
                long as the command holds; no timer, retry or machine ever leads here
    REFUSED     the node is unenrolled: nobody will come

Before all that, while a button is held that has said nothing yet, an amber light grows: let go now, and nothing has happened.

A pattern is steps of (green, amber, red, buzzer in Hz, milliseconds): an introduction, then a loop. Each sounding stage
begins with a note of its own.
"""

from micropython import const

from anju.wire import table

try:
    from typing import Sequence
except ImportError:  # MicroPython
    pass

IDLE = 0
SENDING = 1
UNDELIVERED = 2
HELD = 3
SEEN = 4
COMING = 5
REFUSED = 6
TESTED = 9
"""7 and 8 are those of `anju.pair.session`."""

DARK = (0, 0, 0, 0)
"""Green, amber, red, buzzer in Hz: all off."""

_FOREVER_MS = const(0x3FFFFFFF)
"""Twelve days: longer than any stage, and still a small integer on a 32-bit board."""

_GREEN, _AMBER, _RED = (1, 0, 0), (0, 1, 0), (0, 0, 1)
_OFF = (0, 0, 0)

PATTERNS = {
    SENDING: ((), (_AMBER + (0, 300), _OFF + (0, 200))),
    UNDELIVERED: ((_RED + (400, 1500),), (_RED + (0, 800), _OFF + (0, 200))),
    HELD: ((_GREEN + (2000, 120), _GREEN + (0, 120), _GREEN + (2000, 120)), (_GREEN + (0, _FOREVER_MS),)),
    SEEN: (
        (_GREEN + (660, 300), _GREEN + (523, 300), _GREEN + (587, 500)),
        (_GREEN + (0, 1500), _OFF + (0, 1500)),
    ),
    COMING: (
        (_GREEN + (880, 150), _GREEN + (988, 150), _GREEN + (1109, 150), _GREEN + (1319, 400)),
        (_GREEN + (0, 300), _OFF + (0, 300)),
    ),
    REFUSED: ((_RED + (400, 1500),), (_RED + (0, _FOREVER_MS),)),
    TESTED: ((_GREEN + (1500, 80),), (_AMBER + (0, 500), _GREEN + (0, 500))),
}
"""Steps of each stage."""

UNDELIVERED_AFTER_MS = 10000
"""At 30 % loss 99 % of presses are acknowledged within 0.9 s: after ten there is something to tell."""

HELD_MS = 180000
"""The light goes out after three minutes without an answer."""

REFUSED_MS = 5000

TEST_MS = 30000
"""So long a TEST is believed; then the button is dark, and looks as it does for whoever needs it."""

RISE_AFTER_MS = 200
"""A touch in passing lights nothing."""
_TICK_MS = 50
_FLASH = const(4)
"""Ticks from flash to flash. Of the first one is lit, of the second two, and so on: from the fourth on the light is steady."""

_REMEMBERED = const(8)
"""Presses that a person's answer may still name."""

_STAGE_OF_ORDER: "dict[int, int]" = {table.Order.SEEN: SEEN, table.Order.COMING: COMING}


class Feedback:
    """Stage of the newest press, and the outputs that show it."""

    def __init__(self, is_silent: bool = False) -> None:
        """A silent node keeps its stages but neither lights nor sounds: for a button that an intruder must not notice."""
        self.stage = IDLE
        self.outputs = DARK
        """Green, amber, red, buzzer in Hz, as of the last `poll`."""
        self.is_silent = is_silent
        self.rising_ms = -1
        """Since when a button is held that has said nothing yet; -1 = none is."""
        self.presses: "list[int]" = []
        """Event ids that an answer may name, as they came; the complements of those of presses that nobody may notice, which
        never stand behind the newest of the others."""
        self._stage_ends_ms = 0
        self._steps = PATTERNS[SENDING][1]
        self._step = 0
        self._step_ends_ms = 0
        self._next_ms = 0
        """When `outputs` may change."""

    def press(self, event_id: int, now: int, is_held: bool = False, is_silent: bool = False) -> None:
        """A panic with this event id is on its way. One that `is_held` was told of before: what is said of it still holds, but
        for a TEST, which it ends. Of one that `is_silent` nothing is ever shown, whatever else is."""
        presses = self.presses
        for known in (event_id, ~event_id):
            if known in presses:
                presses.remove(known)
        if len(presses) == _REMEMBERED:
            del presses[0]
        if is_silent:
            presses.insert(len(presses) - (len(presses) > 0 and presses[-1] >= 0), ~event_id)
            return
        presses.append(event_id)
        if not is_held or self.stage in (IDLE, TESTED):
            self.show(SENDING, UNDELIVERED_AFTER_MS, now)

    def resume(self, presses: "Sequence[int]", is_undelivered: bool, now: int) -> None:
        """After a sleep: the presses from before, and whether the newest is still on its way."""
        self.presses = list(presses)
        if is_undelivered:
            self.show(UNDELIVERED, _FOREVER_MS, now)

    def held(self, event_id: int, now: int, is_test: int = 0) -> None:
        """The concentrator has acknowledged this event, and perhaps taken it as a TEST."""
        if self.stage in (SENDING, UNDELIVERED) and self.presses[-1] == event_id:
            self.show(TESTED if is_test else HELD, TEST_MS if is_test else HELD_MS, now)

    def answer(self, order: int, event_id: int, valid_ms: int, now: int) -> bool:
        """Someone's answer to a press of this node, true for `valid_ms`; False if it is none that can be shown."""
        stage = _STAGE_OF_ORDER.get(order)
        if stage is None:
            return False
        if event_id in self.presses:
            if stage == COMING or not self._says_more_than_seen(event_id):
                self.show(stage, valid_ms, now)
            return True
        return ~event_id in self.presses

    def refuse(self, now: int) -> None:
        """A press that nobody will hear of."""
        self.show(REFUSED, REFUSED_MS, now)

    def show(self, stage: int, lasts_ms: int, now: int) -> None:
        """Enter a stage of `PATTERNS`; for stages that no press leads to."""
        introduction, loop = PATTERNS[stage]
        self.stage = stage
        self._stage_ends_ms = now + lasts_ms
        self._steps = introduction or loop
        self._step = 0
        self._step_ends_ms = self._next_ms = now + self._steps[0][4]

    def poll(self, now: int) -> None:
        """Bring `outputs` up to `now`."""
        if self.stage != IDLE and now >= self._stage_ends_ms:
            if self.stage == SENDING:
                self.show(UNDELIVERED, _FOREVER_MS, now)
            else:
                self.stage = IDLE
        outputs = DARK
        if self.stage != IDLE:
            if now >= self._step_ends_ms:
                self._step += 1
                if self._step == len(self._steps):
                    self._steps = PATTERNS[self.stage][1]
                    self._step = 0
                self._step_ends_ms = now + self._steps[self._step][4]
            outputs = self._steps[self._step][:4]
            self._next_ms = min(self._stage_ends_ms, self._step_ends_ms)
        if self.rising_ms >= 0:
            rises_ms = self.rising_ms + RISE_AFTER_MS
            tick = max((now - rises_ms) // _TICK_MS, -1)
            if tick >= 0:
                outputs = (0, int(tick % _FLASH <= tick // _FLASH), 0, 0)
            self._next_ms = rises_ms + (tick + 1) * _TICK_MS
        self.outputs = DARK if self.is_silent else outputs

    def deadline(self) -> "int | None":
        """When `outputs` change next; None = never by themselves."""
        return None if self.stage == IDLE and self.rising_ms < 0 else self._next_ms

    def _says_more_than_seen(self, event_id: int) -> bool:
        """Who is coming has also seen it; and that an earlier press was seen says nothing of one that is still on its way."""
        return self.stage == COMING or (self.stage in (SENDING, UNDELIVERED) and event_id != self.presses[-1])
