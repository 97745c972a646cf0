"""An enrolled node without its hardware: edges and frames in, frames and feedback out; time is an argument in milliseconds.

    device.edge(zone, level, now)        a contact moved
    device.receive(frame, now)           something came over the link
    while (frame := device.poll(now)) is not None: link.send(frame)
    device.next_deadline()               when to poll again if nothing happens before

An event is sent, then kept in the store, then told on the console: nobody waits for a flash chip to be saved, and what was
told outlives the power. No call here waits for anything else, and every method may raise StoreError once the store no longer
gives numbers: such a node is unenrolled.
"""

from micropython import const

from anju.node import frame, keeping
from anju.node.clock import Clock
from anju.node.counter import Counter
from anju.node.feedback import Feedback
from anju.node.identity import Identity, StoreError
from anju.node.input import Input
from anju.node.orders import Orders
from anju.node.outbox import Entry, Outbox
from anju.node.seal import Cipher
from anju.node.version import VERSION
from anju.node.window import Window
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from anju.node.witness import Witness

UNCERTAIN_HEARTBEAT_MS = 5000
"""Heartbeats come so often while the time is unknown, because only an answer to a frame sent once tells it; and after one that
nobody has answered, a few times: a lost frame must not pass for a lost node."""
_REPEATS = const(3)

PAIR = const(1)
"""Wish: an order says that this node may be paired anew."""
WATCH = const(2)
"""Wish: the case is open, and somebody may be at the button."""
ENDED = const(3)
"""Wish of what stands before a device: it is not needed any more."""
TESTIFY = const(6)
"""Wish: a statement is due, and there is time for it."""

_CHALLENGE_BYTES = const(8)
_DELIVERED = (table.Verdict.ACCEPTED, table.Verdict.DUPLICATE, table.Verdict.NOT_UNDERSTOOD)
"""What the concentrator does not understand it has raised as an unknown event: sending it again would change nothing."""


class Device:
    """One node: what `anju.node` knows, put together."""

    has_work = False
    witness: "Witness | None" = None
    """Of a node with a key pair of its own."""

    def __init__(
        self,
        identity: Identity,
        inputs: "Sequence[Input]",
        counter: Counter,
        feedback: Feedback,
        keep: "Callable[[bytes], None]",
        random_bytes: "Callable[[int], bytes]",
        tell: "Callable[..., None]",
        heartbeat_ms: int,
    ) -> None:
        """`keep(content)` stores what the next `start` gets, or raises StoreError; `random_bytes(n)` must be fit for a
        challenge; `tell(*words)` is the console."""
        self.feedback = feedback
        self.clock = Clock()
        self.forged = 0
        """Frames addressed to this node that did not verify."""
        self.wish = 0
        """What is the role's to do: it sets it back."""
        self.identity = identity
        self.inputs = inputs
        self._counter = counter
        self._keep = keep
        self._random_bytes = random_bytes
        self._tell = tell
        self._heartbeat_ms = heartbeat_ms
        self._sealer = Cipher(identity.up)
        self._opener = Cipher(identity.down)
        self._window = Window()
        self.orders = Orders(self.clock, feedback, self._wish_pairing)
        self.outbox = Outbox(counter.take, self._seal, self._random)
        self._spare: "Entry | None" = None
        """For the next event, made while there is time: it takes half a millisecond or more of the interpreter's."""
        self._new: "list[Entry]" = []
        """Events that are neither kept nor told of."""
        self._holds_events = False
        """Whether the store has any to send again."""
        self._digest = b""
        """Of the statement that is on its way."""
        self._challenge = random_bytes(_CHALLENGE_BYTES)
        self._reset_cause = 0
        self._build = b""
        """Extras of a HELLO."""
        self._heartbeat = Entry(table.Type.HEARTBEAT, table.Code.NONE, 0, 0, frame.blank())
        self._unanswered = 0
        """Transmissions since the last acknowledgement."""

    def start(self, build: bytes, reset_cause: int, kept: "bytes | None", now: int) -> None:
        """Say hello, and take up what was `kept` when the power went (None: it can't be read).

        Nothing but an answer to what this node sends is believed before the hello is answered.
        """
        self._reset_cause = reset_cause
        self._build = frame.extra(table.Extra.BUILD, build)
        self.outbox.add(Entry(table.Type.HELLO, table.Code.NONE, 0, now, frame.blank(self._build)), now)
        self._plan_heartbeat(now)
        events = None if kept is None else keeping.unpack(self.identity, kept)
        if events is None:
            self._tell("lost: what was kept of events can't be read")
            return
        self._holds_events = bool(events)
        for event in events:
            self.outbox.restore(event)
            self._tell("kept", event.event_id, "code", event.code, "zone", event.zone)
            if event.is_urgent():
                self._show(event, now)

    @property
    def is_answered(self) -> bool:
        """Whether the concentrator has answered what this program has sealed since it started."""
        return self._window.is_open

    def edge(self, zone: int, level: int, now: int) -> None:
        """Input `zone` moved and reads `level`."""
        self.inputs[zone].edge(level, now)

    def poll(self, now: int) -> "bytearray | None":
        """A frame to send at once, or None; call until None. The buffer is the node's own: don't hold on to it."""
        sealed = self._frame_due(now)
        if sealed is None and (self._new or (self._holds_events and not self.outbox.events())):
            self._keep_events()
        if sealed is None:
            if self._spare is None:
                self._spare = _blank_event()
            self._look_at_witness(now)
        return sealed

    def work(self, now: int) -> bool:
        """Nothing takes it long."""
        return False

    def testify(self, content: bytes, digest: bytes, now: int) -> None:
        """Send a statement: body and extras of an EVIDENCE, and the digest by which the next one names it."""
        entry = Entry(table.Type.EVIDENCE, table.Code.NONE, 0, now, frame.blank(content[table.BODY_BYTES :]))
        entry.content = content
        self._digest = digest
        self.outbox.add(entry, now)

    def happened(self, code: int, zone: int, now: int) -> None:
        """Make an event."""
        entry = self._spare or _blank_event()
        self._spare = None
        entry.code = code
        entry.zone = zone
        entry.made_ms = now
        dropped = self.outbox.dropped
        is_taken = self.outbox.add(entry, now)
        if self.outbox.dropped != dropped:
            self._tell("dropped", self.outbox.dropped)
        if is_taken:
            self._new.append(entry)
        if code == table.Code.TAMPERED:
            self.wish = self.wish or WATCH
        if code in (table.Code.PANIC, table.Code.HELD):
            carrier = entry if is_taken else self.outbox.waiting(code, zone)
            if carrier is not None:
                self._show(carrier, now)

    def _show(self, press: Entry, now: int) -> None:
        """That it is on its way, or nothing, if nobody may notice."""
        is_silent = self.inputs[press.zone].is_silent
        self.feedback.press(press.event_id, now, press.code == table.Code.HELD, is_silent)

    def _look_at_witness(self, now: int) -> None:
        """A statement is in no hurry: everything else goes before it."""
        witness = self.witness
        is_due = witness is not None and witness.is_owed and now >= witness.due_ms
        if is_due and not self.wish and self.is_answered and not len(self.outbox):
            self.wish = TESTIFY

    def _frame_due(self, now: int) -> "bytearray | None":
        rising_ms = -1
        for zone, contact in enumerate(self.inputs):
            code = contact.poll(now)
            if code != table.Code.NONE:
                self.happened(code, zone, now)
            rising_ms = max(rising_ms, contact.rising_ms)
        self.feedback.rising_ms = rising_ms
        entry = self.outbox.poll(now)
        if entry is None and now >= self._heartbeat.due_ms:
            entry = self._beat(now)
        if entry is not None:
            self._unanswered = min(self._unanswered + 1, 255)
            return entry.frame
        self.feedback.poll(now)  # what is to be sent does not wait for what is to be seen
        answer = self.orders.poll()
        if answer is None:
            return None
        if answer.needs_sealing(self._counter.next):
            number = self.outbox.number()
            frame.write_ack(
                answer.frame,
                self.clock.at(now),
                self.identity.epoch,
                answer.verdict,
                answer.counter,
                answer.command_id & 0xFFFF,
            )
            self._finish(answer.frame, number)
            answer.number = number
        return answer.frame

    def next_deadline(self) -> int:
        """When to poll again if nothing moves and nothing arrives."""
        soonest = self._heartbeat.due_ms
        for part in (self.outbox, self.feedback) + tuple(self.inputs):
            deadline = part.deadline()
            if deadline is not None and deadline < soonest:
                soonest = deadline
        return soonest

    def receive(self, received: bytes, now: int) -> None:
        """Act upon a frame if it is authentic, for this node, and fresh; whatever else it is changes nothing."""
        own = self.identity
        counter = frame.counter_of(received, own.network, own.node, own.epoch)
        if counter < 0:
            return
        body = self._opener.open(received)
        if body is None:
            self.forged += 1
            return
        if self._window.is_open:
            if not self._window.is_fresh(counter):
                self.orders.repeat(counter)
                return
            self._window.take(counter)
        is_understood = frame.is_understood(body)
        if body[0] == table.Type.ACK:
            if is_understood:
                self._acknowledged(counter, body, now)
        elif body[0] == table.Type.COMMAND and self._window.is_open:
            self.orders.carry_out(counter, body, is_understood, now)

    def _keep_events(self) -> None:
        """Have the store hold what is not acknowledged, then tell of what is new in it."""
        events = self.outbox.events()
        try:
            self._keep(keeping.pack(self.identity, events, self._time_of))
            self._holds_events = bool(events)
        except StoreError as error:
            # Sending goes on: only a loss of power would now lose them.
            self._tell("events not kept:", error)
        for entry in self._new:
            self._tell("event", entry.event_id, "code", entry.code, "zone", entry.zone)
        self._new = []

    def _acknowledged(self, counter: int, body: bytes, now: int) -> None:
        time_s, epoch, verdict, acked, event_id, arm_mode = frame.read_ack(body)
        if epoch != self.identity.epoch:
            return
        beat = self._heartbeat
        entry = beat if acked == beat.counter and beat.is_flying else self.outbox.find(acked, event_id)
        if entry is None:
            return
        if entry.kind == table.Type.HELLO:
            if frame.find_extra(body, table.Extra.CHALLENGE) != self._challenge:
                return
            self._window.open(counter)
        elif entry.kind == table.Type.EVENT and verdict not in _DELIVERED:
            return
        if acked == entry.counter and entry.first_ms >= 0:
            self.clock.adopt(time_s, entry.first_ms, now)
        self._unanswered = 0
        entry.verdict = verdict
        if entry is beat:
            beat.is_flying = False
        else:
            self.outbox.remove(entry)
        self._plan_heartbeat(now)
        self._arrived(entry, body[1], epoch, arm_mode, now)

    def _arrived(self, entry: Entry, flags: int, epoch: int, arm_mode: int, now: int) -> None:
        witness = self.witness
        if entry.kind == table.Type.EVENT:
            self._tell("acked", entry.event_id)
            if entry.is_urgent():
                self.feedback.held(entry.event_id, now, flags & table.Flag.TEST)
            if witness is not None:
                witness.saw(epoch, entry.first_counter, entry.code, entry.zone, self._time_of(entry), arm_mode)
        elif entry.kind == table.Type.EVIDENCE and witness is not None:
            witness.told(self._digest)
            self._tell("evidence acked")

    def _beat(self, now: int) -> Entry:
        beat = self._heartbeat
        beat.counter = self.outbox.number()
        beat.made_ms = beat.first_ms = now
        beat.is_flying = True
        self._seal(beat)
        self._plan_heartbeat(now)
        return beat

    def _wish_pairing(self) -> None:
        self.wish = PAIR

    def _plan_heartbeat(self, now: int) -> None:
        period = self._heartbeat_ms
        is_repeated = self._heartbeat.is_flying and self._unanswered < _REPEATS
        if self._window.is_open and (is_repeated or not self.clock.is_known):
            period = min(period, UNCERTAIN_HEARTBEAT_MS)
        # A little early, each by its own chance: an estate that starts at once must not speak at once for ever.
        self._heartbeat.due_ms = now + period - self._random(period // 8 + 1)

    def _seal(self, entry: Entry) -> None:
        """Fill an entry's frame under its present counter; levels and time as they are known now."""
        if entry.kind == table.Type.HELLO:
            frame.write_hello(
                entry.frame,
                table.Flag.ACK_REQUESTED,
                self._challenge,
                VERSION,
                self._reset_cause,
                len(self.inputs),
            )
            frame.write_extras(entry.frame, self._build)
        elif entry.content:
            frame.write_content(entry.frame, entry.content)
        else:
            frame.write_status(
                entry.frame,
                entry.kind,
                table.Flag.ACK_REQUESTED | (table.Flag.URGENT if entry.is_urgent() else 0),
                self._time_of(entry),
                entry.event_id,
                entry.code,
                entry.zone,
                self._levels(),
                self._unanswered,
            )
        self._finish(entry.frame, entry.counter)

    def _levels(self) -> int:
        levels = 0
        for zone, contact in enumerate(self.inputs):
            levels |= contact.is_active << zone
        return levels

    def _time_of(self, entry: Entry) -> int:
        return self.clock.at(entry.made_ms) if entry.time_s < 0 else entry.time_s

    def _finish(self, buffer: bytearray, counter: int) -> None:
        own = self.identity
        frame.write_header(buffer, own.network, own.node, own.epoch, counter)
        self._sealer.seal(buffer)

    def _random(self, below: int) -> int:
        return int.from_bytes(self._random_bytes(2), "big") % below


def _blank_event() -> Entry:
    return Entry(table.Type.EVENT, table.Code.NONE, 0, 0, frame.blank())
