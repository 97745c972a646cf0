"""The serial link over a line that cuts, loses and invents."""

from anju.link.uart import UartLink
from anju.node.framing import Framer
from anju.wire import table
from firmware.portable.kit import Dice, raises


class Line:
    """As much of `machine.UART` as the link needs: what was written comes back, one to nine bytes at a time."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.waiting = b""
        self.is_gone = False
        self.is_open = True

    def readinto(self, chunk: memoryview) -> "int | None":
        """Some of what waits."""
        if self.is_gone:
            raise OSError(5)
        size = min(1 + self.dice.below(9), len(chunk), len(self.waiting))
        chunk[:size] = self.waiting[:size]
        self.waiting = self.waiting[size:]
        return size or None

    def write(self, data: memoryview) -> int:
        """Loop back."""
        self.waiting += bytes(data)
        return len(data)

    def deinit(self) -> None:
        """Let go."""
        self.is_open = False


def _opened(line: Line) -> UartLink:
    link = UartLink(lambda: line)
    link.open()
    return link


def _received(link: UartLink) -> "list[bytes]":
    frames: "list[bytes]" = []
    for _ in range(1000):
        frame = link.receive()
        if frame is None:
            return frames
        frames.append(frame)
    raise AssertionError("it never ends")


def test_frames_pass_whole() -> None:
    dice = Dice(81)
    line = Line(dice)
    link = _opened(line)
    sent = [dice.bytes(table.LEAST_BYTES + dice.below(200)) for _ in range(50)]
    for frame in sent:
        link.send(bytearray(frame))
    assert _received(link) == sent


def test_half_a_frame_is_waited_for() -> None:
    line = Line(Dice(82))
    link = _opened(line)
    frame = bytes(range(44))
    encoded = bytes(Framer().encode(frame))
    for byte in encoded[:-1]:
        line.waiting = bytes((byte,))
        assert link.receive() is None
    line.waiting = encoded[-1:]
    assert link.receive() == frame


def test_a_bad_line_loses_frames_and_never_changes_one() -> None:
    dice = Dice(83)
    line = Line(dice)
    link = _opened(line)
    sent, received = [], []
    for number in range(300):
        frame = bytes((number >> 8, number & 0xFF)) + dice.bytes(60)
        link.send(bytearray(frame))
        spoiled = bytearray(line.waiting)
        if dice.below(100) < 20:
            spoiled[dice.below(len(spoiled))] = dice.below(256)
        if dice.below(100) < 20:
            at = dice.below(len(spoiled))
            spoiled = spoiled[:at] + spoiled[at + 1 + dice.below(30) :]
        line.waiting = bytes(spoiled)
        sent.append(frame)
        received += _received(link)
    assert len(received) > 100
    assert [frame for frame in sent if frame in received] == received


def test_a_lost_line_is_said_and_can_be_opened_again() -> None:
    line = Line(Dice(84))
    link = _opened(line)
    line.is_gone = True
    raises(OSError, link.receive)
    link.close()
    assert not line.is_open
    assert link.receive() is None
    link.send(bytearray(44))
    line.is_gone = False
    link.open()
    link.send(bytearray(44))
    assert _received(link) == [bytes(44)]
