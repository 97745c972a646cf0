"""A node on a battery: the same `Device`, and when it may sleep, for how long, and what it takes along.

    sleeper.resume(…) or .start(…)      after a sleep, or after anything else
    wake(inputs, struck, levels, now, awake_ms)   then: what the contacts read, and which of them have ended the sleep
    sleeper.rest_ms(now)                how long to sleep now; 0 = not yet
    sleeper.retain(now, running_ms)     what the next `resume` gets

A wake is no start: no HELLO, the floor stays, the numbers go on. What nobody acknowledges is sent at the usual pace for
FAST_MS after the last event, and then in attempts of ATTEMPT_MS: one every SLOW_MS, later every SLOWEST_MS, without end.
"""

from anju.node import feedback, frame, keeping
from anju.node.device import WATCH, Device
from anju.node.input import Input
from anju.node.outbox import Entry
from anju.node.retained import Retained
from anju.node.unenrolled import Unenrolled
from anju.wire import table

try:
    from typing import Sequence
except ImportError:  # MicroPython
    pass

FAST_MS = 60000
SLOW_AFTER_MS = 600000
SLOW_MS = 30000
SLOWEST_MS = 300000
ATTEMPT_MS = 3000
"""Six tries (R37)."""

ANSWER_MS = 1000
"""So long it listens for the answer to a heartbeat: one that comes later tells no time (R41)."""

PENDING_MS = 200
"""So long it listens after an ACK that says that more is waiting."""

BENCH_MS = 10000
"""So long it stays awake after anything but a sleep, for a technician's tools: asleep it answers no serial line."""

UNENROLLED_BENCH_MS = 120000
LONGEST_REST_MS = 86400000
"""A day: what every board's timer can do."""

_SHOWN = (feedback.SENDING, feedback.HELD, feedback.SEEN, feedback.COMING, feedback.TESTED)
"""What somebody stands before the button to see. *Undelivered* is shown in each attempt, but does not keep the node awake."""


class Sleeper(Device):
    """One node that sleeps."""

    _awake_until_ms = BENCH_MS
    _has_heard = False
    _woke_ms = 0
    _stirred_ms = 0
    """When the last event was made; at a start that is its HELLO."""

    def resume(self, build: bytes, kept: Retained, now: int) -> None:
        """Go on after a sleep that began at 0."""
        self._build = frame.extra(table.Extra.BUILD, build)
        self._challenge = kept.challenge
        self._reset_cause = kept.reset_cause
        self._awake_until_ms = 0
        self._woke_ms = now
        self._stirred_ms = -kept.stirred_ms
        self._heartbeat.due_ms = kept.heartbeat_ms
        self._unanswered = kept.unanswered
        if kept.time_s >= 0:
            self.clock.set(kept.time_s, -kept.time_age_ms)
        if kept.floor >= 0:
            self._window.open(kept.floor, kept.seen)
        else:
            self.outbox.add(Entry(table.Type.HELLO, table.Code.NONE, 0, now, frame.blank(self._build)), now)
        for zone, contact in enumerate(self.inputs):
            contact.is_active = bool(kept.levels >> zone & 1)
            if contact.is_active and self.identity.inputs[zone : zone + 1] == ("tamper",):
                self.wish = WATCH
        for counter, command_id, verdict in kept.answers:
            self.orders.recall(counter, command_id, verdict)
        self.feedback.resume(kept.presses, kept.is_undelivered, now)
        self._holds_events = kept.is_stored
        for event in keeping.unpack(self.identity, kept.outbox) or ():
            self.outbox.restore(event)

    def rest_ms(self, now: int) -> int:
        """How long to sleep if everything stays as it is, so that all is sent that is due then; 0 = stay awake."""
        beat = self._heartbeat
        if now < self._awake_until_ms or self._new or (beat.is_flying and now - beat.first_ms < ANSWER_MS):
            return 0
        if _are_restless(self.inputs) or (self.feedback.stage in _SHOWN and not self.feedback.is_silent):
            return 0
        rest = min(beat.due_ms - now, LONGEST_REST_MS)
        if len(self.outbox):
            age = now - self._stirred_ms
            if age < FAST_MS or now - self._woke_ms < ATTEMPT_MS:
                return 0
            rest = min(rest, SLOW_MS if age < SLOW_AFTER_MS else SLOWEST_MS)
        return max(rest, 0)

    def retain(self, now: int, running_ms: int) -> bytes:
        """What the next `resume` needs, where no number is used in between; `running_ms` tells how long that will have been."""
        kept = Retained()
        kept.slept_ms = running_ms
        kept.next_number = self._counter.next
        kept.ceiling = self._counter.ceiling
        kept.challenge = self._challenge
        kept.reset_cause = self._reset_cause
        if self._window.is_open:
            kept.floor, kept.seen = self._window.highest, self._window.seen
        if self.clock.is_known:
            age = now - self.clock.epoch_ms
            kept.time_s, kept.time_age_ms = self.clock.epoch_s + age // 1000, age % 1000
        kept.levels = self._levels()
        kept.heartbeat_ms = self._heartbeat.due_ms - now
        kept.stirred_ms = now - self._stirred_ms
        kept.unanswered = self._unanswered
        kept.is_undelivered = self.feedback.stage in (feedback.SENDING, feedback.UNDELIVERED)
        kept.is_stored = self._holds_events
        kept.presses = self.feedback.presses
        kept.answers = [(answer.counter, answer.command_id, answer.verdict) for answer in self.orders.answers]
        kept.outbox = keeping.pack(self.identity, self.outbox.events(), self._time_of)
        return kept.pack(self.identity)

    @property
    def is_answered(self) -> bool:
        """Whether the concentrator has answered since this wake."""
        return self._has_heard and self._window.is_open

    def happened(self, code: int, zone: int, now: int) -> None:
        self._stirred_ms = now
        super().happened(code, zone, now)

    def _acknowledged(self, counter: int, body: bytes, now: int) -> None:
        super()._acknowledged(counter, body, now)
        self._has_heard = True
        if body[1] & table.Flag.PENDING:
            self._awake_until_ms = max(self._awake_until_ms, now + PENDING_MS)


def wake(inputs: "Sequence[Input]", struck: "Sequence[int]", levels: "Sequence[int]", now: int, awake_ms: int) -> None:
    """Each input reads so now; those in `struck` have ended the sleep `awake_ms` ago. For both kinds of node below."""
    for zone, contact in enumerate(inputs):
        contact.wake(max(now - awake_ms, 0) if zone in struck else -1, levels[zone], now)


def _are_restless(inputs: "Sequence[Input]") -> bool:
    for contact in inputs:
        if contact.deadline() is not None:
            return True
    return False


class SleepingUnenrolled(Unenrolled):
    """A node on a battery without keys: long awake on the bench, then asleep until a contact moves."""

    awake_until_ms = 0

    def rest_ms(self, now: int) -> int:
        """How long to sleep; 0 = stay awake."""
        if now < self.awake_until_ms or _are_restless(self.inputs) or self.feedback.stage != feedback.IDLE:
            return 0
        return LONGEST_REST_MS

    def retain(self, now: int, running_ms: int) -> bytes:
        """Nothing."""
        return b""
