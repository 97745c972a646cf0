"""RS-485: the driver is on the wires while a frame goes out, to its last bit, and never else."""

from anju.link.rs485 import Rs485Link
from anju.node.framing import Framer
from firmware.portable.kit import raises


class Pair:
    """Driver and UART in one: what happens to the wires, in order."""

    def __init__(self) -> None:
        self.done: "list[str]" = []
        self.sent = b""
        self.waiting = b""
        self.is_gone = False

    def value(self, level: int) -> None:
        """The driver's enable input."""
        self.done.append("drive" if level else "listen")

    def write(self, data: memoryview) -> int:
        """Takes it all; it leaves later."""
        if self.is_gone:
            raise OSError(5)
        self.done.append("write")
        self.sent += bytes(data)
        return len(data)

    def flush(self) -> None:
        """Wait for the last bit."""
        self.done.append("flush")

    def readinto(self, chunk: memoryview) -> "int | None":
        """What has come."""
        size = min(len(chunk), len(self.waiting))
        chunk[:size] = self.waiting[:size]
        self.waiting = self.waiting[size:]
        return size or None

    def deinit(self) -> None:
        """Let go."""
        self.done.append("deinit")


def test_it_drives_the_wires_until_the_last_bit_is_out() -> None:
    pair = Pair()
    link = Rs485Link(lambda: pair, pair)
    link.send(bytearray(44))
    assert pair.done == []
    link.open()
    link.send(bytearray(44))
    assert pair.done == ["listen", "drive", "write", "flush", "listen"]
    assert pair.sent == bytes(Framer().encode(bytes(44)))
    link.close()
    link.send(bytearray(44))
    assert pair.done[5:] == ["deinit"]


def test_a_line_that_fails_is_let_go() -> None:
    pair = Pair()
    link = Rs485Link(lambda: pair, pair)
    link.open()
    pair.is_gone = True
    raises(OSError, link.send, bytearray(44))
    assert pair.done[-1] == "listen"


def test_it_hears_what_others_say() -> None:
    pair = Pair()
    link = Rs485Link(lambda: pair, pair)
    link.open()
    pair.waiting = bytes(Framer().encode(bytes(range(44))))
    assert link.receive() == bytes(range(44))
