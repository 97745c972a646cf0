"""The loop of a battery node on a made-up board: what it does between a wake and a sleep, and in which order."""

import io
import select

from anju.node.sleeper import Sleeper
from anju.role import battery_node
from anju.store.memory import MemoryStore
from anju.wire import table
from firmware.portable.kit import Concentrator, Heard, identity

try:
    from collections.abc import Callable, Sequence
except ImportError:  # MicroPython
    pass

_IOCTL_POLL = 3


class _Asleep(BaseException):
    """The board sleeps, or has slept so often as the test wanted."""


class Terminal:
    """An input that the test moves."""

    def __init__(self, board: "Board") -> None:
        self._board = board
        self._level = 0
        self._handler: "Callable[[Terminal], None] | None" = None

    def value(self) -> int:
        """Its level."""
        return self._level

    def irq(self, handler: "Callable[[Terminal], None]") -> None:
        """Call `handler` when it moves."""
        self._handler = handler

    def move(self, level: int) -> None:
        """Bring it to a level; twice is a pulse."""
        self._level = level
        if self._handler is not None:
            self._handler(self)


class Lamp:
    """A lamp that writes down what it shows."""

    def __init__(self, board: "Board", name: str) -> None:
        self._board = board
        self._name = name

    def value(self, level: int) -> None:
        """Light it, or not."""
        self._board.done.append((self._name, level))


class Tone:
    """A sounder without a sound."""

    def freq(self, hz: int) -> None:
        """Set the pitch."""

    def duty_u16(self, duty: int) -> None:
        """Set the loudness."""


class Watchdog:
    """Counts what it is fed."""

    def __init__(self) -> None:
        self.fed = 0

    def feed(self) -> None:
        """Once more."""
        self.fed += 1


class Readable(io.IOBase):
    """A stream that is readable while answers wait."""

    def __init__(self, link: "Link") -> None:
        self._link = link

    def ioctl(self, request: int, flags: int) -> int:
        """Readable, and never writable."""
        if request != _IOCTL_POLL:
            return -1
        return flags & select.POLLIN if self._link.answers else 0


class Link:
    """A radio with a concentrator behind it that answers everything; not there while `is_gone`."""

    def __init__(self, board: "Board") -> None:
        self.stream = Readable(self)
        self.answers: "list[bytes]" = []
        self.heard: "list[Heard]" = []
        self._board = board
        self._concentrator = Concentrator()

    def open(self) -> None:
        """Switch it on."""
        self._board.done.append(("link", 1))
        if self._board.is_gone:
            raise OSError(19)

    def close(self) -> None:
        """Switch it off."""
        self._board.done.append(("link", 0))

    def send(self, sealed: bytearray) -> None:
        """Hear it, and have the answer ready."""
        if self._board.is_gone:
            return
        heard = self._concentrator.hear(sealed)
        known = self._board.frames.get(heard.counter)
        assert known in (None, bytes(sealed)), "two frames under one number"
        self._board.frames[heard.counter] = bytes(sealed)
        self.heard.append(heard)
        if self._board.is_answering:
            self.answers.append(self._concentrator.ack(heard))

    def receive(self) -> "bytes | None":
        """What the concentrator said."""
        return self.answers.pop(0) if self.answers else None


class Board:
    """As much of a board as the role needs."""

    ROLE = battery_node
    NAME = "made_up"
    ACTIVE_LEVEL = 1
    BUTTON = 0
    CASE = -1
    HEARTBEAT_MS = 60000
    IS_SILENT = True

    def __init__(self, is_enrolled: bool = True) -> None:
        self.done: "list[tuple[object, ...]]" = []
        """What the role did to the hardware, in order."""
        self.block = b""
        self.cause: int = table.ResetCause.POWER_ON
        self.struck: "Sequence[int]" = ()
        self.frames: "dict[int, bytes]" = {}
        self.is_gone = False
        self.is_answering = True
        self.clock_ms = 1000000
        self.guard = Watchdog()
        self.memory = MemoryStore()
        if is_enrolled:
            self.memory.save(identity(("entry", "tamper")))
        self.terminals = [Terminal(self), Terminal(self), Terminal(self)]
        self.the_link = Link(self)
        self.when_armed: "Callable[[], None] | None" = None

    def live(self) -> "list[Heard]":
        """Run the node until it sleeps; what it sent."""
        self.done = []
        self.the_link.heard = []
        try:
            battery_node.run(self)
        except _Asleep:
            pass
        return self.the_link.heard

    def wake(self, *struck: int) -> "list[Heard]":
        """Wake it from deep sleep, and let it live."""
        self.cause = table.ResetCause.DEEP_SLEEP
        self.struck = struck
        return self.live()

    def inputs(self) -> "list[Terminal]":
        """Three terminals."""
        return self.terminals

    def lamps(self) -> "tuple[Lamp, Lamp, Lamp]":
        """Green, amber, red."""
        return Lamp(self, "green"), Lamp(self, "amber"), Lamp(self, "red")

    def watchdog(self) -> "tuple[Watchdog, int]":
        """One that counts."""
        return self.guard, 8000

    def reset_cause(self) -> int:
        """As the test says."""
        return self.cause

    def buzzer(self) -> Tone:
        """No sound."""
        return Tone()

    def link(self) -> Link:
        """The radio."""
        return self.the_link

    def store(self) -> MemoryStore:
        """What outlives everything here."""
        return self.memory

    def running_ms(self) -> int:
        """A clock of its own."""
        self.clock_ms += 1
        return self.clock_ms

    def awake_ms(self) -> int:
        """It looks at once."""
        return 0

    def recall(self) -> bytes:
        """Once."""
        block, self.block = self.block, b""
        self.done.append(("recall", len(block)))
        return block

    def retain(self, block: bytes) -> None:
        """Hold it."""
        self.block = block
        self.done.append(("retain",))

    def woken_by(self) -> "Sequence[int]":
        """As the test says."""
        return self.struck

    def arm(self, terminals: "Sequence[int]", level: int) -> None:
        """Write it down."""
        self.done.append(("arm", tuple(terminals), level))
        if self.when_armed is not None:
            self.when_armed()

    def sleep(self, ms: int) -> None:
        """What ends a life."""
        self.done.append(("sleep",))
        raise _Asleep


def _slept() -> Board:
    """A board whose node has been greeted, and sleeps."""
    board = Board()
    kinds = [heard.type for heard in _quickly(board)]
    assert kinds == [table.Type.HELLO], kinds
    return board


def _quickly(board: Board) -> "list[Heard]":
    """A first life without the ten seconds for the bench."""
    before = Sleeper._awake_until_ms
    Sleeper._awake_until_ms = 0
    try:
        return board.live()
    finally:
        Sleeper._awake_until_ms = before


def test_the_order_of_falling_asleep() -> None:
    board = _slept()
    assert board.done[-4:] == [("link", 0), ("arm", (0, 1), 1), ("retain",), ("sleep",)]
    assert board.guard.fed > 0
    assert board.block


def test_a_door_wakes_it_is_told_and_the_other_level_is_armed() -> None:
    board = _slept()
    board.terminals[0].move(1)
    (opened,) = board.wake(0)
    assert opened.code() == table.Code.OPENED
    assert ("arm", (0,), 0) in board.done  # the lid, at rest, would end this sleep at once
    board.terminals[0].move(0)
    (closed,) = board.wake(0)
    assert closed.code() == table.Code.CLOSED
    assert ("arm", (0, 1), 1) in board.done


def test_the_memory_is_wiped_before_anything_is_sent() -> None:
    board = _slept()
    board.terminals[0].move(1)
    board.wake(0)
    assert board.done[0][0] == "recall"
    assert board.done[0][1]
    assert board.done.index(("link", 1)) > 0
    assert [what for what in board.done if what[0] == "recall"] == board.done[:1]


def test_a_contact_that_moves_while_it_is_armed_is_told_before_it_sleeps() -> None:
    for levels in ((1,), (1, 0)):  # for good, and only for a moment
        board = _slept()

        def move(board: Board = board, levels: "tuple[int, ...]" = levels) -> None:
            board.when_armed = None
            for level in levels:
                board.terminals[0].move(level)
            if levels[-1] == 0:
                board.terminals[1].move(1)

        board.when_armed = move
        board.clock_ms += 60000
        heard = board.wake()
        assert len([what for what in board.done if what[0] == "arm"]) >= 2
        codes = [event.code() for event in heard if event.type == table.Type.EVENT]
        assert codes == ([table.Code.OPENED] if levels == (1,) else [table.Code.TAMPERED])
        assert ("recall", 0) not in board.done[1:], "what was retained must not be left behind"


def test_a_crash_after_the_memory_was_taken_starts_from_the_store() -> None:
    board = _slept()
    board.wake()
    block = board.block
    board.terminals[0].move(1)
    board.wake(0)
    assert board.block not in (b"", block)
    board.block = b""  # as it is between a wake and the next sleep
    board.cause = table.ResetCause.WATCHDOG
    board.struck = ()
    heard = _quickly(board)
    assert heard[0].type == table.Type.HELLO
    assert heard[0].counter >= 1024


def test_after_any_other_reset_the_memory_is_not_believed() -> None:
    for cause in (table.ResetCause.WATCHDOG, table.ResetCause.HARD, table.ResetCause.SOFT, table.ResetCause.UNKNOWN):
        board = _slept()
        board.cause = cause
        assert [heard.type for heard in _quickly(board)] == [table.Type.HELLO]


def test_the_radio_is_off_when_nothing_is_to_be_said_and_lamps_are_dark() -> None:
    board = Board()
    board.IS_SILENT = False
    _quickly(board)
    lit: "dict[object, object]" = {}
    for what in board.done:
        if what[0] in ("green", "amber", "red"):
            lit[what[0]] = what[1]
    assert 1 not in lit.values()
    assert [what for what in board.done if what[0] == "link"][-1] == ("link", 0)


def test_without_a_radio_it_says_so_and_tries_again() -> None:
    board = _slept()
    board.is_gone = True
    board.terminals[0].move(1)

    def give_it_back() -> None:
        if board.guard.fed > 150:
            board.is_gone = False

    feed = board.guard.feed

    def feed_and_look() -> None:
        feed()
        give_it_back()

    board.guard.feed = feed_and_look  # type: ignore[method-assign]
    heard = board.wake(0)
    assert [event.code() for event in heard][-1] == table.Code.OPENED
    assert board.done.count(("link", 1)) >= 2


def test_an_unenrolled_one_sleeps_with_its_contacts_armed_and_the_radio_off() -> None:
    board = Board(is_enrolled=False)
    board.IS_SILENT = False
    board.cause = table.ResetCause.DEEP_SLEEP
    board.struck = (0,)
    board.live()
    assert ("red", 1) in board.done
    assert ("link", 1) not in board.done
    assert board.done[-1] == ("sleep",)
