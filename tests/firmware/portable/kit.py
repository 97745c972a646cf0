"""What the portable tests share: chance that repeats, a concentrator for one node, and a folder. Runs on MicroPython too."""

import os
import struct

from anju.node import frame
from anju.node.counter import Counter
from anju.node.device import Device
from anju.node.feedback import Feedback
from anju.node.identity import BUTTONS, Identity, StoreError
from anju.node.input import Input
from anju.node.press import Press
from anju.node.seal import Cipher
from anju.wire import table

try:
    from collections.abc import Callable
except ImportError:  # MicroPython
    pass

UP = bytes(range(16))
DOWN = bytes(range(16, 32))
NOW_S = 1767225600
_PRIME = 0x7FFFFFFF


def identity(kinds: "tuple[str, ...]" = ("any_press", "entry", "tamper"), up: bytes = UP) -> Identity:
    """Node 7 of network 1, with made-up keys. Its button is one that any press will do for: what is not about how it is pressed
    need not wait for it."""
    return Identity(1, 7, 1, up, DOWN, kinds)


def contact(kind: str, active_level: int = 1, settle_ms: int = 20) -> Input:
    """An input as it is wired."""
    return (Press if kind in BUTTONS else Input)(kind, active_level, settle_ms)


def run(moves: Input, edges: "list[tuple[int, int]]", until: int) -> "list[tuple[int, int]]":
    """(ms, code) of what a contact makes of (ms, level) edges until then, polled only when it asks to be."""
    events: "list[tuple[int, int]]" = []
    waiting = list(edges)
    for _ in range(100000):
        deadline = moves.deadline()
        if waiting and (deadline is None or waiting[0][0] < deadline):
            now, level = waiting.pop(0)
            moves.edge(level, now)
        elif deadline is None or deadline > until:
            return events
        else:
            now = deadline
        code = moves.poll(now)
        if code != table.Code.NONE:
            events.append((now, int(code)))
    raise AssertionError("it never comes to rest")


def new_folder() -> str:
    """An empty folder below the current one."""
    name = "scratch-" + os.urandom(8).hex()
    os.mkdir(name)
    return name


def raises(kind: "type[Exception]", call: "Callable[..., object]", *arguments: object) -> str:
    """Assert that `call(*arguments)` raises `kind`, and return what it says."""
    try:
        call(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError("no {}".format(kind.__name__))


class Dice:
    """Pseudo-random numbers that are the same on every Python (Lehmer, 1951; multiplier 48271)."""

    def __init__(self, seed: int) -> None:
        self._state = seed * 7919 % _PRIME or 1
        self.below(2)

    def below(self, most: int) -> int:
        """A number from 0 to most - 1."""
        self._state = self._state * 48271 % _PRIME
        return (self._state >> 4) % most

    def bytes(self, size: int) -> "bytes":
        """So many bytes."""
        return bytes([self.below(256) for _ in range(size)])


class Heard:
    """A frame from the node, opened."""

    def __init__(self, counter: int, body: bytes) -> None:
        self.counter = counter
        self.body = body
        self.type = body[0]

    def status(self) -> "tuple[int, int, int, int, int, int]":
        """`time_s`, event id, code, zone, levels and tries of an EVENT or HEARTBEAT."""
        told = struct.unpack_from(table.format_of(table.STATUS), self.body)
        return told[2], told[3], told[4], told[5], told[6], told[9]

    def event_id(self) -> int:
        """Event id of an EVENT."""
        return self.status()[1]

    def code(self) -> int:
        """Code of an EVENT."""
        return self.status()[2]

    def ack(self) -> "tuple[int, int, int, int, int, int]":
        """`time_s`, acked epoch, verdict, acked counter, event id and arm state of an ACK."""
        return frame.read_ack(self.body)

    def challenge(self) -> bytes:
        """What a HELLO wants back."""
        return self.body[2:10]


class Concentrator:
    """The other end of one node's link: opens what it hears and seals answers. It keeps no journal."""

    def __init__(self) -> None:
        self.counter = 5000
        self._up = Cipher(UP)
        self._down = Cipher(DOWN)

    def hear(self, sealed: "bytes | bytearray") -> Heard:
        """Open a frame; AssertionError if it is not authentic."""
        body = self._up.open(bytes(sealed))
        assert body is not None
        told = struct.unpack_from(table.format_of(table.HEADER), sealed)
        assert told[:6] == (table.MAGIC, table.LinkClass.UP, 1, 0, 1, 7), told
        return Heard(told[6], body)

    def ack(
        self,
        heard: Heard,
        time_s: int = NOW_S,
        verdict: int = table.Verdict.ACCEPTED,
        extras: "bytes | None" = None,
        epoch: int = 1,
        flags: int = 0,
        arm_mode: int = table.ArmMode.OFF,
    ) -> bytes:
        """The acknowledgement of a frame; that of a HELLO returns its challenge unless told otherwise."""
        event_id = 0
        if heard.type in (table.Type.EVENT, table.Type.REQUEST):
            event_id = heard.event_id()
        if extras is None:
            hello = heard.type == table.Type.HELLO
            extras = frame.extra(table.Extra.CHALLENGE, heard.challenge()) if hello else b""
        return self.seal(
            table.ACK,
            (table.Type.ACK, flags, time_s, epoch, verdict, heard.counter, event_id, 0, arm_mode),
            extras,
        )

    def command(
        self,
        event_id: int,
        order: int = table.Order.SEEN,
        command_id: int = 900,
        time_s: int = NOW_S,
        valid_s: int = 120,
        extras: bytes = b"",
        zone: int = 0,
    ) -> bytes:
        """A command that names an event."""
        body = (table.Type.COMMAND, table.Flag.ACK_REQUESTED, time_s, command_id, order, zone, event_id, valid_s)
        return self.seal(table.COMMAND, body, extras)

    def seal(self, fields: str, values: "tuple[int, ...]", extras: bytes = b"") -> bytes:
        """A frame down to the node under the next counter."""
        self.counter += 1
        sealed = frame.blank(extras)
        struct.pack_into(
            table.format_of(table.HEADER), sealed, 0, table.MAGIC, table.LinkClass.DOWN, 1, 0, 1, 7, self.counter
        )
        struct.pack_into(table.format_of(fields), sealed, table.HEADER_BYTES, *values)
        self._down.seal(sealed)
        return bytes(sealed)


class Bench:
    """A device on the bench: its inputs, its concentrator, and a clock that a test turns by hand."""

    def __init__(
        self,
        seed: int = 1,
        heartbeat_ms: int = 60000,
        ceiling: int = 100,
        kept: "bytes | None" = b"",
        make: "Callable[..., Device]" = Device,
        own: "Identity | None" = None,
    ) -> None:
        self.now = 0
        self.kept = kept
        """What the store holds of events."""
        self.is_full = False
        self.told: "list[tuple[object, ...]]" = []
        self.concentrator = Concentrator()
        self.dice = Dice(seed)
        self.counter = Counter(ceiling, self._reserve)
        self.feedback = Feedback()
        own = own or identity()
        inputs = [contact(kind) for kind in own.inputs]
        give = self.dice.bytes
        self.device = make(own, inputs, self.counter, self.feedback, self._keep, give, self._tell, heartbeat_ms)
        self.device.start(b"test", table.ResetCause.POWER_ON, kept, self.now)

    def greet(self) -> None:
        """Answer the hello, so that time and downlink floor are known."""
        (hello,) = self.sent()
        self.device.receive(self.concentrator.ack(hello), self.now)

    def sent(self) -> "list[Heard]":
        """What the device sends now."""
        return [self.concentrator.hear(sealed) for sealed in self.raw()]

    def raw(self) -> "list[bytes]":
        """The same, as it goes over the link."""
        frames = []
        sealed = self.device.poll(self.now)
        while sealed is not None:
            frames.append(bytes(sealed))
            sealed = self.device.poll(self.now)
        return frames

    def press(self, zone: int = 0) -> "list[Heard]":
        """Bring an input to active and let it settle; what the device sends then. Its release follows at once, unheard."""
        self.device.edge(zone, 1, self.now)
        self.wait(20)
        heard = self.sent()
        self.device.edge(zone, 0, self.now)
        return heard

    def wait(self, ms: int) -> None:
        """Let time pass."""
        self.now += ms

    def next(self) -> "list[Heard]":
        """Let time pass until the device wants to send something, and take that."""
        for _ in range(10000):
            self.now = max(self.device.next_deadline(), self.now)
            heard = self.sent()
            if heard:
                return heard
        raise AssertionError("nothing was ever sent")

    def receive(self, sealed: bytes) -> None:
        """Hand the device a frame."""
        self.device.receive(sealed, self.now)

    def _tell(self, *words: object) -> None:
        self.told.append(words)

    def _reserve(self, ceiling: int) -> None:
        pass

    def _keep(self, outbox: bytes) -> None:
        if self.is_full:
            raise StoreError("full")
        self.kept = outbox


def greeted(seed: int = 1, heartbeat_ms: int = 60000) -> Bench:
    """A bench whose device has been answered."""
    bench = Bench(seed, heartbeat_ms)
    bench.greet()
    return bench
