"""The loop of a wired node on a made-up board: a link that floods, a watchdog that counts, a store that breaks."""

import asyncio
import io
import select

from anju.node import counter
from anju.node.identity import StoreError
from anju.role import wired_node
from anju.store.memory import MemoryStore
from anju.wire import table
from firmware.portable.kit import Concentrator, identity

try:
    from collections.abc import Callable
except ImportError:  # MicroPython
    pass

_IOCTL_POLL = 3
_PATIENCE = 20000
"""Frames that a flood brings before it gives up on ever seeing what the test waits for."""


class _Done(BaseException):
    """What the test waited for has happened."""


class Terminal:
    """An input that the test moves."""

    def __init__(self) -> None:
        self._level = 0
        self._handler: "Callable[[Terminal], None] | None" = None

    def value(self) -> int:
        """Its level."""
        return self._level

    def irq(self, handler: "Callable[[Terminal], None]") -> None:
        """Call `handler` when it moves."""
        self._handler = handler

    def press(self) -> None:
        """Move it."""
        self._level = 1
        if self._handler is not None:
            self._handler(self)


class Lamp:
    """A lamp; the test ends when it is lit if that is what it waits for."""

    def __init__(self, is_awaited: bool = False) -> None:
        self._is_awaited = is_awaited

    def value(self, level: int) -> None:
        """Light it, or not."""
        if level and self._is_awaited:
            raise _Done


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
    """A stream that is always readable."""

    def read(self, size: int) -> bytes:
        """Nothing is ever asked for."""
        assert size == 0
        return b""

    def ioctl(self, request: int, flags: int) -> int:
        """Readable, and never writable."""
        return flags & select.POLLIN if request == _IOCTL_POLL else -1


class Flood:
    """A link that brings a forged frame whenever it is asked, and presses the button after the tenth."""

    def __init__(self, button: Terminal) -> None:
        self.stream = Readable()
        self.received = 0
        self.sent: "list[int]" = []
        """Types of the frames that the node sent."""
        self._button = button
        self._concentrator = Concentrator()
        self._forged = bytearray(self._concentrator.command(1))
        self._forged[-1] ^= 1

    def open(self) -> None:
        """Always there."""

    def close(self) -> None:
        """Never called."""
        raise AssertionError("closed")

    def send(self, sealed: bytearray) -> None:
        """Ends the test with the first event."""
        heard = self._concentrator.hear(sealed)
        self.sent.append(heard.type)
        if heard.type == table.Type.EVENT:
            raise _Done

    def receive(self) -> bytes:
        """One more."""
        self.received += 1
        assert self.received < _PATIENCE, "nobody else had a turn"
        if self.received == 10:
            self._button.press()
        return bytes(self._forged)


class Board:
    """As much of a board as the role needs."""

    NAME = "made_up"
    ACTIVE_LEVEL = 1
    BUTTON = 0
    CASE = -1
    HEARTBEAT_MS = 60000
    IS_SILENT = False

    def __init__(self) -> None:
        self.guard = Watchdog()
        self.memory = MemoryStore()
        self.memory.save(identity())
        self._terminals = [Terminal(), Terminal(), Terminal()]
        self.flood = Flood(self._terminals[0])

    def inputs(self) -> "list[Terminal]":
        """Three terminals."""
        return self._terminals

    def lamps(self) -> "tuple[Lamp, Lamp, Lamp]":
        """Green, amber, red."""
        return Lamp(), Lamp(), Lamp(is_awaited=True)

    def buzzer(self) -> Tone:
        """No sound."""
        return Tone()

    def watchdog(self) -> "tuple[Watchdog, int]":
        """To be fed at least every 10 ms."""
        return self.guard, 20

    def reset_cause(self) -> int:
        """Switched on."""
        return table.ResetCause.POWER_ON

    def flag(self) -> "asyncio.ThreadSafeFlag":  # type: ignore[name-defined]  # MicroPython's own
        """That of a real board."""
        return asyncio.ThreadSafeFlag()  # type: ignore[attr-defined]  # the same

    def link(self) -> Flood:
        """The flood."""
        return self.flood

    def store(self) -> MemoryStore:
        """Enrolled."""
        return self.memory


def _run(board: Board) -> None:
    try:
        wired_node.run(board)
    except _Done:
        pass
    finally:
        asyncio.new_event_loop()  # what is left of this node must not run in the next test


def test_a_flood_keeps_no_button_waiting_and_no_watchdog_hungry() -> None:
    board = Board()
    _run(board)
    assert board.flood.sent[-1] == table.Type.EVENT
    assert board.guard.fed >= 2


def test_a_press_that_finds_the_store_broken_lights_red() -> None:
    def keep_first_only(ceiling: int) -> None:
        if ceiling > 2:
            raise StoreError("broken")

    board = Board()
    board.memory.reserve = keep_first_only  # type: ignore[method-assign]
    block, early = counter.BLOCK, counter.EARLY
    counter.BLOCK, counter.EARLY = 2, 0
    try:
        _run(board)
    finally:
        counter.BLOCK, counter.EARLY = block, early
    assert table.Type.EVENT not in board.flood.sent
    assert table.Type.HELLO in board.flood.sent
    assert board.flood.received < _PATIENCE
