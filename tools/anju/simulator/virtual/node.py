"""A node as its concentrator sees it: edges become events with a time, and what is not answered is sent again.

A simple one, after the rules of the protocol that bear upon alarms: the retries of a node on a battery (R37, R107), at most
FLYING messages under way and none further than SPAN numbers back, events kept over a loss of power, a clock that knows nothing
at first, a heartbeat every 15 minutes that is said again where nobody answers (R40). What the firmware does otherwise is
tested with the firmware.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from anju.concentrator.keyring import Link
from anju.simulator.virtual.agenda import Agenda
from anju.wire import bodies
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Extra, Header, Hello, Status
from anju.wire.seal import Cipher
from anju.wire.table import Code, Flag, LinkClass, ResetCause, Type, Verdict
from anju.wire.table import Extra as ExtraType

HEARTBEAT_S = 900
FLYING, SPAN, CAPACITY = 8, 16, 32
HELD_S = 3
FRESH_S = 1
"""Only an answer that comes at once tells the time (R41)."""
FAST_S, SLOW_AFTER_S, SLOW_S, SLOWEST_S = 60, 600, 30, 300
_TRIES = 6
_LEAP = 64
"""Numbers that a loss of power costs."""
_UNCERTAIN_S = 5
_BEAT_REPEATS = 3
_BOARD = b"0.1.0 esp32c3_door"


class Input(Enum):
    """A kind of input, by what it says when it becomes active and when it comes to rest."""

    CONTACT = (Code.OPENED, Code.CLOSED)
    BUTTON = (Code.PANIC, None)
    CASE = (Code.TAMPERED, Code.TAMPER_RESTORED)
    DETECTOR = (Code.DETECTED, Code.CLEARED)


@dataclass(eq=False)
class Event:
    """What has to reach the concentrator. A HELLO has no code."""

    code: int
    zone: int
    made_s: float
    first_counter: int = 0
    counter: int = 0
    """Under which it is sealed now; 0: it waits."""
    time_s: int | None = None
    """When it happened, if that was before the last start."""
    frame: bytes = b""
    first_s: float = 0.0
    """First sent under this counter."""
    tries: int = 0
    turn: int = 0
    """Tells the retry that counts from those that were planned before."""
    is_acked: bool = False

    @property
    def is_urgent(self) -> bool:
        """Whether it goes before others."""
        return self.code in {Code.PANIC, Code.HELD, Code.DETECTED, Code.NONE}


class Node:
    """One node. It is without power until `power_on`."""

    def __init__(
        self,
        link: Link,
        inputs: Sequence[Input],
        agenda: Agenda,
        chance: random.Random,
    ) -> None:
        self.send: Callable[[bytes], None] = lambda _frame: None
        """Takes its frames."""
        self.note: Callable[[Event], None] = lambda _event: None
        """Told of each event when it is made, and again when it is acknowledged: then it is waited for no more."""
        self.battery_mv = 3000
        self.is_on = False
        self.active = [False] * len(inputs)
        """What the contacts read, whether the node has power or not."""
        self._inputs = tuple(inputs)
        self._told = [False] * len(inputs)
        self._presses: dict[int, object] = {}
        """The newest press of each button."""
        self._link, self._agenda, self._chance = link, agenda, chance
        self._cipher = Cipher(link.up)
        self._codec: Codec | None = None
        self._numbers = 0
        self._waiting: list[Event] = []
        self._challenge = b""
        self._clock: tuple[int, float] | None = None
        self._stirred_s = 0.0
        self._beat = (0, 0.0)
        self._beats_planned = 0
        self._unanswered = 0
        """Heartbeats since the last acknowledgement."""
        self._life = 0
        """Counts starts: what was planned before one is void."""

    @property
    def waiting(self) -> int:
        """Events that are not acknowledged yet."""
        return sum(1 for event in self._waiting if event.code)

    def power_on(self) -> None:
        """Start: say hello, take up what was kept, and tell which contacts are active."""
        if self.is_on:
            return
        self.is_on = True
        self._life += 1
        self._clock = None
        self._numbers += _LEAP
        self._challenge = self._chance.randbytes(8)
        self._stirred_s = self._agenda.now_s
        self._told = [False] * len(self._inputs)
        self._waiting.insert(0, Event(Code.NONE, 0, self._agenda.now_s))
        self._fill()
        for zone, is_active in enumerate(self.active):
            if is_active:
                self._agenda.after(0.02, lambda zone=zone: self._tell(zone))  # type: ignore[misc]  # bound as it is now
        self._plan_beat()

    def power_off(self) -> None:
        """The power is gone. What is not acknowledged is kept, with its time."""
        self.is_on = False
        self._waiting = [event for event in self._waiting if event.code]
        for event in self._waiting:
            event.time_s = self._time_of(event)
            event.counter = 0

    def move(self, zone: int, *, is_active: bool) -> None:
        """A contact moves; the node tells, if it has power."""
        self.active[zone] = is_active
        if self.is_on:
            self._tell(zone)

    def receive(self, frame: bytes) -> None:
        """Something came down."""
        if not self.is_on:
            return
        body = self._opened(frame)
        if isinstance(body, Ack):
            self._acknowledged(body)

    def _opened(self, frame: bytes) -> object:
        if self._codec is None:
            self._codec = Codec(receives=LinkClass.DOWN)
            self._codec.learn(*self._link.address, self._link.epoch, up=self._link.up, down=self._link.down)
        return self._codec.open(frame).body

    def _tell(self, zone: int) -> None:
        """Make an event of what a contact reads, unless that is told."""
        if not self.is_on or self.active[zone] == self._told[zone]:
            return
        self._told[zone] = self.active[zone]
        code = self._inputs[zone].value[0 if self.active[zone] else 1]
        if code is not None:
            self._happened(code, zone)
        if code is Code.PANIC:
            life = self._life
            self._presses[zone] = press = object()
            self._agenda.after(HELD_S, lambda: self._is_held(zone, life, press))

    def _is_held(self, zone: int, life: int, press: object) -> None:
        """Say so, unless it was let go; another press meanwhile has a time of its own."""
        if self.is_on and self._life == life and self.active[zone] and self._presses[zone] is press:
            self._happened(Code.HELD, zone)

    def _happened(self, code: int, zone: int) -> None:
        now_s = self._agenda.now_s
        self._stirred_s = now_s
        if len(self._waiting) >= CAPACITY:
            calm = [event for event in self._waiting if event.code == Code.CLOSED] or [
                event for event in self._waiting if not event.is_urgent
            ]
            if not calm:
                return
            self._waiting.remove(calm[-1])
        event = Event(code, zone, now_s)
        event.first_counter = self._number()
        self._waiting.append(event)
        self.note(event)
        self._fill()

    def _fill(self) -> None:
        """Let what waits fly where there is room, the urgent first."""
        flying = sum(1 for event in self._waiting if event.counter)
        for event in sorted((one for one in self._waiting if not one.counter), key=lambda one: not one.is_urgent):
            if flying >= FLYING:
                return
            flying += 1
            is_new = event.made_s == self._agenda.now_s and not event.tries and event.first_counter
            self._seal(event, event.first_counter if is_new else self._number())
            event.tries = 0
            self._transmit(event, event.counter)

    def _number(self) -> int:
        """The next number, after what it would leave too far behind was sealed again."""
        self._numbers += 1
        for event in self._waiting:
            if event.counter and self._numbers - event.counter > SPAN:
                counter, self._numbers = self._numbers, self._numbers + 1
                self._seal(event, counter)
                self._transmit(event, counter)
        return self._numbers

    def _seal(self, event: Event, counter: int) -> None:
        event.counter, event.first_s = counter, self._agenda.now_s
        if not event.code:
            event.first_counter = counter
            cause, inputs = ResetCause.POWER_ON, len(self._inputs)
            hello = Hello(Type.HELLO, Flag.ACK_REQUESTED, self._challenge, 0, 1, 0, cause, inputs, 0)
            event.frame = self._sealed(bodies.build(hello, (Extra(ExtraType.BUILD, _BOARD),)), counter)
            return
        event.first_counter = event.first_counter or counter
        flags = Flag.ACK_REQUESTED | (Flag.URGENT if event.is_urgent else 0)
        event_id = event.first_counter & 0xFFFF
        body = self._status(Type.EVENT, flags, self._time_of(event), event_id, event.code, event.zone)
        event.frame = self._sealed(body, counter)

    def _status(self, kind: int, flags: int, time_s: int, event_id: int = 0, code: int = 0, zone: int = 0) -> bytes:
        levels = sum(is_active << number for number, is_active in enumerate(self._told))
        status = Status(kind, flags, time_s, event_id, code, zone, levels, self.battery_mv // 20, -128, 0, 0)
        return bodies.build(status, ())

    def _sealed(self, body: bytes, counter: int) -> bytes:
        header: bytes = bodies.HEADER.build(Header.up(*self._link.address, self._link.epoch, counter))
        return self._cipher.seal(header, body)

    def _transmit(self, event: Event, counter: int) -> None:
        """Send, and again until it is answered or sealed anew."""
        if not self.is_on or event.counter != counter or event not in self._waiting:
            return
        self.send(event.frame)
        event.turn = turn = event.turn + 1
        self._agenda.after(self._pause_s(event), lambda: self._transmit(event, counter) if turn == event.turn else None)
        event.tries += 1

    def _pause_s(self, event: Event) -> float:
        """Until the next try: at the usual pace at first, then in attempts of a few, ever more rarely."""
        age_s = self._agenda.now_s - self._stirred_s
        tries = event.tries
        if age_s >= FAST_S:
            tries %= _TRIES
            if tries == _TRIES - 1:
                return SLOW_S if age_s < SLOW_AFTER_S else SLOWEST_S
        return min(0.1 * (1 << min(tries, 5)), 2.0) * self._chance.uniform(0.5, 1.5)

    def _acknowledged(self, ack: Ack) -> None:
        now_s = self._agenda.now_s
        if ack.acked_counter == self._beat[0]:
            self._unanswered = 0
            self._adopt(ack, self._beat[1])
            self._plan_beat()
            return
        for event in self._waiting:
            is_earlier = ack.event_id and event.first_counter & 0xFFFF == ack.event_id
            if event.counter and (event.counter == ack.acked_counter or is_earlier):
                break
        else:
            return
        if ack.verdict == Verdict.EXPIRED:
            return
        if event.counter == ack.acked_counter:
            self._adopt(ack, event.first_s)
        self._waiting.remove(event)
        event.is_acked = True
        self.note(event)
        self._unanswered = 0
        self._plan_beat()
        if now_s - self._stirred_s > FAST_S:
            self._stirred_s = now_s  # it is heard again, and awake: whatever else waits goes now
            for other in [one for one in self._waiting if one.counter]:
                self._transmit(other, other.counter)
        self._fill()

    def _adopt(self, ack: Ack, first_s: float) -> None:
        if self._agenda.now_s - first_s <= FRESH_S:
            self._clock = (ack.time_s, self._agenda.now_s)

    def _time_of(self, event: Event) -> int:
        return self._unix_s(event.made_s) if event.time_s is None else event.time_s

    def _unix_s(self, at_s: float) -> int:
        if self._clock is None:
            return 0
        return self._clock[0] + int((at_s - self._clock[1]) // 1)

    def _plan_beat(self) -> None:
        self._beats_planned += 1
        number, life = self._beats_planned, self._life
        is_repeated = 0 < self._unanswered <= _BEAT_REPEATS
        period_s = HEARTBEAT_S if self._clock and not is_repeated else _UNCERTAIN_S
        self._agenda.after(period_s * self._chance.uniform(7 / 8, 1), lambda: self._beats(number, life))

    def _beats(self, number: int, life: int) -> None:
        if not self.is_on or life != self._life or number != self._beats_planned:
            return
        self._beat = (self._number(), self._agenda.now_s)
        body = self._status(Type.HEARTBEAT, Flag.ACK_REQUESTED, self._unix_s(self._agenda.now_s))
        self.send(self._sealed(body, self._beat[0]))
        self._unanswered += 1
        self._plan_beat()
