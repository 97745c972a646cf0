"""A node that sleeps, over many wakes: what its tests share. Runs on MicroPython too."""

from anju.node.counter import Counter
from anju.node.feedback import Feedback
from anju.node.retained import MOST_BYTES, Retained
from anju.node.sleeper import Sleeper, wake
from anju.wire import table
from firmware.portable.kit import NOW_S, Concentrator, Dice, Heard, contact, identity

try:
    from typing import Sequence
except ImportError:  # MicroPython
    pass


class Night:
    """A node over many wakes: its store, its retained memory, its contacts and its concentrator; time is turned by hand."""

    awake_ms = 0
    """Since what has ended a sleep, when the node looks at its contacts."""

    def __init__(self, heartbeat_ms: int = 900000, is_silent: bool = False, button: str = "any_press") -> None:
        self.own = identity((button, "entry", "tamper"))
        self.running_ms = 777000
        self.levels = [0, 0, 0]
        self.block = b""
        """The retained memory."""
        self.ceiling = 0
        self.kept = b""
        self.frames: "dict[int, bytes]" = {}
        """All that were ever sent, by their counters."""
        self.told: "list[tuple[object, ...]]" = []
        self.concentrator = Concentrator()
        self.dice = Dice(5)
        self._heartbeat_ms = heartbeat_ms
        self._is_silent = is_silent
        self.start(table.ResetCause.POWER_ON)

    def start(self, cause: int, struck: "Sequence[int]" = ()) -> None:
        """Begin anew as after a reset of this cause, with what the memory holds."""
        own = self.own
        has_slept = cause == table.ResetCause.DEEP_SLEEP
        kept = Retained.unpack(own, self.ceiling, self.block) if has_slept else None
        self.block = b""
        self.is_resumed = kept is not None
        inputs = [contact(kind) for kind in own.inputs]
        counter = Counter(self.ceiling, self._reserve, 0 if kept is None else kept.next_number)
        shown = Feedback(self._is_silent)
        self.device = Sleeper(own, inputs, counter, shown, self._keep, self.dice.bytes, self._tell, self._heartbeat_ms)
        self.now = 0
        if kept is None:
            self.device.start(b"test", cause, self.kept, 0)
        else:
            self.now = self.running_ms - kept.slept_ms
            self.device.resume(b"test", kept, self.now)
        wake(self.device.inputs, struck, self.levels, self.now, self.awake_ms)

    def sent(self) -> "list[Heard]":
        """What the node sends now."""
        frames = []
        sealed = self.device.poll(self.now)
        while sealed is not None:
            heard = self.concentrator.hear(sealed)
            known = self.frames.get(heard.counter)
            assert known is None or known == bytes(sealed), "two frames under number {}".format(heard.counter)
            self.frames[heard.counter] = bytes(sealed)
            frames.append(heard)
            sealed = self.device.poll(self.now)
        return frames

    def answered(self) -> "list[Heard]":
        """The same, each acknowledged at once."""
        frames = self.sent()
        for heard in frames:
            self.device.receive(self.concentrator.ack(heard, self.time_s()), self.now)
        return frames

    def time_s(self) -> int:
        """The concentrator's clock."""
        return NOW_S + self.running_ms // 1000

    def wait(self, ms: int) -> None:
        """Let time pass."""
        self.now += ms
        self.running_ms += ms

    def move(self, zone: int, level: int) -> None:
        """A contact moves while the node is awake."""
        self.levels[zone] = level
        self.device.edge(zone, level, self.now)

    def until_it_sleeps(self, is_answered: bool = True, most: int = 400000) -> "tuple[int, list[Heard]]":
        """Live until the node would sleep: how long that took, and what it sent."""
        heard: "list[Heard]" = []
        since = self.now
        while not self.device.rest_ms(self.now):
            heard += self.answered() if is_answered else self.sent()
            assert self.now - since < most, "it never sleeps"
            self.wait(50)
        return self.now - since, heard

    def sleep(self, ms: "int | None" = None, struck: "Sequence[int]" = (), level: "int | None" = None) -> None:
        """Sleep, as long as it chose or `ms`, and wake; contacts `struck` have done it, soon, and read `level` if given."""
        rest = self.device.rest_ms(self.now)
        assert rest > 0
        self.block = self.device.retain(self.now, self.running_ms)
        assert len(self.block) <= MOST_BYTES
        if ms is None:
            ms = 5000 if struck else rest
        self.wait(ms)
        for zone in struck:
            self.levels[zone] = self.levels[zone] if level is None else level
        self.start(table.ResetCause.DEEP_SLEEP, struck)

    def _reserve(self, ceiling: int) -> None:
        assert ceiling > self.ceiling
        self.ceiling = ceiling

    def _keep(self, outbox: bytes) -> None:
        self.kept = outbox

    def _tell(self, *words: object) -> None:
        self.told.append(words)
