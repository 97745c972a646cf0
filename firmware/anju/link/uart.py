"""A link over a UART: frames between zero bytes (`anju.node.framing`), on a wire of its own."""

from micropython import const

from anju.node.framing import Deframer, Framer

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Protocol

    # ruff: noqa: PYI063 (MicroPython has no `/` among parameters)
    class Uart(Protocol):
        """As much of `machine.UART` as a link needs; set up so that neither reading nor writing waits."""

        def readinto(self, __chunk: memoryview) -> int | None: ...
        def write(self, __data: memoryview) -> int | None: ...
        def deinit(self) -> None: ...


_CHUNK = const(64)


class UartLink:
    """Frames to and from the concentrator at the other end of the wire."""

    def __init__(self, connect: "Callable[[], Uart]") -> None:
        """`connect` makes the board's `machine.UART`, with speed, pins and no time-out; OSError if it is not there."""
        self._connect = connect
        self._framer = Framer()
        self._deframer = Deframer()
        self._chunk = memoryview(bytearray(_CHUNK))
        self._uart: "Uart | None" = None

    @property
    def stream(self) -> "Uart | None":
        """What becomes readable when bytes have come."""
        return self._uart

    def open(self) -> None:
        """Be ready to send; OSError if there is no such line."""
        self._uart = self._connect()

    def send(self, frame: bytearray) -> None:
        """Send a frame, or lose it where the line is not open."""
        if self._uart is not None:
            self._uart.write(self._framer.encode(frame))

    def receive(self) -> "bytes | None":
        """A whole frame that has come, or None; OSError once the line is gone."""
        if self._uart is None:
            return None
        while True:
            frame = self._deframer.take()
            if frame is not None:
                return frame
            size = self._uart.readinto(self._chunk)
            if not size:
                return None
            self._deframer.feed(self._chunk[:size])

    def close(self) -> None:
        """Send and receive nothing more."""
        if self._uart is not None:
            self._uart.deinit()
            self._uart = None
