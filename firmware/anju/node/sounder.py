"""What a siren does when it is told: which output, in which rhythm, and for how long.

    QUIET                       nothing
    EXIT, ENTRY, ABORT          the beeper alone: leave, disarm, an alarm is about to be raised
    INTRUSION, HOLD_UP, FIRE    relay and light; a pattern that is not known sounds like INTRUSION
    latched                     the light alone, until another order says otherwise

Nothing of it is stored: after any start all is off until it is told again. Time is an argument, in milliseconds.
"""

from anju.wire import table

LONGEST_MS = 180000
"""Of any sound, whatever the order says: what neighbours can bear, and a concentrator that is lost can't take back."""

DARK = (0, 0, 0)
"""Relay, light, beeper in Hz: all off."""

PATTERNS: "dict[int, tuple[tuple[int, int, int, int], ...]]" = {
    table.Sound.EXIT: ((0, 0, 1500, 100), (0, 0, 0, 900)),
    table.Sound.ENTRY: ((0, 0, 2000, 150), (0, 0, 0, 350)),
    table.Sound.ABORT: ((0, 0, 2500, 100), (0, 0, 0, 100)),
    table.Sound.INTRUSION: ((1, 1, 0, LONGEST_MS),),
    table.Sound.HOLD_UP: ((1, 1, 0, 1000), (0, 1, 0, 500)),
    table.Sound.FIRE: (
        (1, 1, 0, 500),
        (0, 1, 0, 500),
        (1, 1, 0, 500),
        (0, 1, 0, 500),
        (1, 1, 0, 500),
        (0, 1, 0, 1500),
    ),
}
"""Steps of (relay, light, beeper in Hz, milliseconds), again and again. FIRE is the evacuation signal of ISO 8201."""


class Sounder:
    """What is on now. The newest order counts, by the counter of the frame that brought it."""

    def __init__(self, is_silent: bool) -> None:
        """A silent board neither sounds nor lights up, and says so."""
        self.outputs = DARK
        """Relay, light, beeper in Hz, as of the last `poll`."""
        self._is_silent = is_silent
        self.quiet()

    def quiet(self) -> None:
        """All off, as after a start: orders under new keys count from the first on."""
        self._newest = -1
        self._light = 0
        self._steps = PATTERNS[table.Sound.INTRUSION]
        self._step = 0
        self._step_ends_ms = 0
        self._ends_ms = -1
        """Of the sound; -1 = there is none."""
        self.outputs = DARK

    def order(self, counter: int, body: bytes, left_ms: int, now: int) -> int:
        """Carry out a SOUND that holds for `left_ms`; the verdict."""
        if self._is_silent:
            return table.Verdict.NOT_UNDERSTOOD
        if counter <= self._newest:
            return table.Verdict.EXPIRED
        self._newest = counter
        self._light = body[12] & 1
        pattern = body[13]
        lasts_ms = min(body[11] * 1000, left_ms, LONGEST_MS)
        self._ends_ms = -1
        if pattern and lasts_ms:
            self._steps = PATTERNS.get(pattern, PATTERNS[table.Sound.INTRUSION])
            self._step = 0
            self._step_ends_ms = now + self._steps[0][3]
            self._ends_ms = now + lasts_ms
        self.poll(now)
        return table.Verdict.ACCEPTED

    def poll(self, now: int) -> None:
        """Bring `outputs` up to `now`."""
        if now >= self._ends_ms:
            self._ends_ms = -1
            self.outputs = (0, self._light, 0)
            return
        while now >= self._step_ends_ms:
            self._step = (self._step + 1) % len(self._steps)
            self._step_ends_ms += self._steps[self._step][3]
        relay, light, tone, _ = self._steps[self._step]
        self.outputs = (relay, light | self._light, tone)

    def deadline(self) -> "int | None":
        """When `outputs` change next; None = not until it is told."""
        return None if self._ends_ms < 0 else min(self._ends_ms, self._step_ends_ms)
