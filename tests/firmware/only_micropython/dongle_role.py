"""A dongle between a made-up radio and a made-up serial line."""

import io
import select

from anju.link.espnow import EspNowLink
from anju.link.uart import UartLink
from anju.node.framing import Framer
from anju.role import dongle
from anju.store.memory import MemoryStore
from firmware.portable.air import Air, Radio, Station
from firmware.portable.kit import Dice

_IOCTL_POLL = 3


class _Done(BaseException):
    """The test has seen enough."""


class WaitedFor(io.IOBase):
    """A radio that can be polled."""

    def __init__(self, air: Air) -> None:
        inner = Radio(air)
        self.packets = inner.packets
        self.active = inner.active
        self.add_peer = inner.add_peer
        self.send = inner.send
        self.recv = inner.recv

    def ioctl(self, request: int, flags: int) -> int:
        """Readable while packets wait."""
        return flags & select.POLLIN if request == _IOCTL_POLL and self.packets else 0


class Line(io.IOBase):
    """As much of `machine.UART` as the link needs."""

    def __init__(self) -> None:
        self.waiting = b""
        self.sent = b""
        self.opened = 0
        self.is_gone = False

    def readinto(self, chunk: memoryview) -> "int | None":
        """What has come."""
        if self.is_gone:
            self.is_gone = False
            raise OSError(5)
        size = min(len(chunk), len(self.waiting))
        chunk[:size] = self.waiting[:size]
        self.waiting = self.waiting[size:]
        return size or None

    def write(self, data: memoryview) -> int:
        """Takes it all."""
        self.sent += bytes(data)
        return len(data)

    def deinit(self) -> None:
        """Let go."""

    def ioctl(self, request: int, flags: int) -> int:
        """Readable while bytes wait."""
        return flags & select.POLLIN if request == _IOCTL_POLL and self.waiting else 0


class Board:
    """A dongle's board, and a node's radio in the same air. It ends when its watchdog was fed often enough."""

    NAME = "made_up"

    def __init__(self, feeds: int) -> None:
        air = Air()
        self.radio = WaitedFor(air)
        self.node = EspNowLink(Radio(air), Station(), 6)
        self.node.open()
        self.the_line = Line()
        self._feeds = feeds
        self.flood = 0
        """Packets that come between two feedings."""

    def feed(self) -> None:
        """As a watchdog."""
        self._feeds -= 1
        self.radio.packets.extend([bytes(44)] * self.flood)
        if not self._feeds:
            raise _Done

    def watchdog(self) -> "tuple[Board, int]":
        """Itself."""
        return self, 8000

    def link(self) -> EspNowLink:
        """The air."""
        return EspNowLink(self.radio, Station(), 6)

    def line(self) -> UartLink:
        """The serial line."""
        return UartLink(self._connect)

    def inputs(self) -> "list[object]":
        """None."""
        return []

    def store(self) -> MemoryStore:
        """Nothing in it."""
        return MemoryStore()

    def _connect(self) -> Line:
        self.the_line.opened += 1
        return self.the_line


def _run(board: Board) -> None:
    try:
        dongle.run(board)  # type: ignore[arg-type]  # a board of no pins
    except _Done:
        pass


def _frames(count: int) -> "list[bytes]":
    dice = Dice(91)
    return [dice.bytes(44 + dice.below(200)) for _ in range(count)]


def test_frames_pass_in_both_directions_as_they_are() -> None:
    up, down = _frames(40), _frames(45)[40:]
    board = Board(6)
    board.radio.active(True)
    for frame in up:
        board.node.send(bytearray(frame))
    board.the_line.waiting = b"".join([bytes(Framer().encode(frame)) for frame in down])
    _run(board)
    assert board.the_line.sent == b"".join([bytes(Framer().encode(frame)) for frame in up])
    heard = [board.node.receive() for _ in range(len(down) + 1)]
    assert heard == down + [None]


def test_noise_on_the_line_does_not_reach_the_air() -> None:
    board = Board(3)
    board.the_line.waiting = Dice(92).bytes(600) + b"\0" + bytes(Framer().encode(bytes(range(44))))
    _run(board)
    assert board.node.receive() == bytes(range(44))
    assert board.node.receive() is None


def test_a_flood_from_the_air_does_not_silence_the_line() -> None:
    board = Board(8)
    board.flood = 100
    board.the_line.waiting = bytes(Framer().encode(bytes(range(44))))
    _run(board)
    assert board.node.receive() == bytes(range(44))


def test_a_line_that_is_lost_is_opened_again() -> None:
    board = Board(4)
    board.the_line.is_gone = True
    _run(board)
    assert board.the_line.opened == 2
