"""A link over RS-485: a UART whose driver is on the pair only while it sends."""

from anju.link.uart import UartLink

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Protocol

    from anju.link.uart import Uart

    # ruff: noqa: PYI063 (MicroPython has no `/` among parameters)
    class FlushableUart(Uart, Protocol):
        """A `machine.UART` that knows when its last bit is out."""

        def flush(self) -> None: ...

    class Driver(Protocol):
        """As much of an output `machine.Pin` as the driver's enable input needs."""

        def value(self, __level: int) -> object: ...


class Rs485Link(UartLink):
    """Frames on a pair of wires that others use as well."""

    def __init__(self, connect: "Callable[[], FlushableUart]", driver: "Driver") -> None:
        """`driver` is wired to DE and /RE of the transceiver together: high sends, low listens."""
        super().__init__(self._connected)
        self._make = connect
        self._driver = driver
        self._line: "FlushableUart | None" = None

    def send(self, frame: bytearray) -> None:
        """Send a frame, and wait until its last bit is out: 5 ms at 115,200 baud."""
        if self._line is None:
            return
        self._driver.value(1)
        try:
            super().send(frame)
            self._line.flush()
        finally:
            self._driver.value(0)

    def close(self) -> None:
        """Send and receive nothing more."""
        super().close()
        self._line = None

    def _connected(self) -> "FlushableUart":
        self._driver.value(0)
        self._line = self._make()
        return self._line
