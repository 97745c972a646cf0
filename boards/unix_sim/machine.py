"""The hardware of a node that is a process: a stand-in for MicroPython's `machine`, and the only one.

    stdin    `pin NAME 0|1`   drives an input pin, as a contact would; `quit`, or its end, ends the process
    stdout   `@pin NAME 0|1`  an output pin changed; `@pwm NAME HZ` a tone changed (0 = silence)
    UART     a pty or a character device by its path, or `socket://HOST:PORT`

Interrupts are calls from a task that reads stdin, so a handler runs between two steps of the firmware, never within one. For
interrupts that strike anywhere there is an emulated board, not this.
"""

import asyncio
import errno
import hashlib
import io
import select
import socket
import sys
import termios

try:
    from typing import Callable
except ImportError:  # MicroPython
    pass

PWRON_RESET = 1
_GET_FILENO = 10
"""MP_STREAM_GET_FILENO: with it MicroPython waits for a Python-made stream in poll(2) instead of asking every millisecond."""


def reset_cause() -> int:
    """A process that starts was always switched on."""
    return PWRON_RESET


def unique_id() -> bytes:
    """Eight bytes that differ between nodes with different arguments, and only between those."""
    return hashlib.sha256("\0".join(sys.argv).encode()).digest()[:8]


class Flag:
    """The like of `asyncio.ThreadSafeFlag`, which the unix port would poll a thousand times a second."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the task that waits."""
        self._event.set()

    async def wait(self) -> None:
        """Wait until set, and clear."""
        await self._event.wait()
        self._event.clear()


class Pin:
    """An input driven from stdin, or an output that prints its edges."""

    IN = 0
    OUT = 1

    def __init__(self, name: str, mode: int = IN) -> None:
        self.name = name
        self._level = 0
        self._handler: "Callable[[Pin], None] | None" = None
        if mode == Pin.IN:
            _inputs[name] = self

    def value(self, level: "int | None" = None) -> int:
        """The level, after setting it if one is given; an edge is printed."""
        if level is not None and level != self._level:
            self._level = level
            print("@pin", self.name, level)
        return self._level

    def irq(self, handler: "Callable[[Pin], None]") -> None:
        """Call `handler(pin)` at both edges from now on."""
        self._handler = handler
        _listen()

    def drive(self, level: int) -> None:
        """What is outside the pin: bring it to a level."""
        if level != self._level:
            self._level = level
            if self._handler is not None:
                self._handler(self)


class PWM:
    """A tone at an output."""

    def __init__(self, pin: Pin, freq: int = 0, duty_u16: int = 0) -> None:
        self._name = pin.name
        self._freq = freq
        self._duty = duty_u16

    def freq(self, hz: int) -> None:
        """Set the pitch."""
        self._change(hz, self._duty)

    def duty_u16(self, duty: int) -> None:
        """Set the loudness: 0 is silence."""
        self._change(self._freq, duty)

    def _change(self, hz: int, duty: int) -> None:
        before = self._freq if self._duty else 0
        after = hz if duty else 0
        self._freq, self._duty = hz, duty
        if after != before:
            print("@pwm", self._name, after)


class UART(io.IOBase):
    """A serial line that never waits: what has come is read, what cannot leave is lost."""

    def __init__(self, port: str, baudrate: int) -> None:
        """OSError if there is nothing at `port`. A pty and a socket have no speed, and a device keeps the one it has."""
        self._line = _connect(port) if port.startswith(_SOCKET) else _open_raw(port)
        self._readable = select.poll()
        self._readable.register(self._line, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(self._line, select.POLLOUT)

    def read(self, size: int) -> "bytes | None":
        """Up to `size` bytes that have come, or None."""
        chunk = bytearray(size)
        got = self.readinto(memoryview(chunk))
        return None if got is None else bytes(chunk[:got])

    def readinto(self, chunk: memoryview) -> "int | None":
        """Fill from what has come; the number of bytes, or None. OSError once the other end is gone."""
        got = 0
        # A plain descriptor would wait for a full chunk, so it is asked for one byte at a time, and only if there is one.
        while got < len(chunk) and self._readable.poll(0):
            byte = self._line.read(1)
            if not byte:
                raise OSError(errno.EIO)
            chunk[got] = byte[0]
            got += 1
        return got if got or not len(chunk) else None

    def write(self, data: memoryview) -> "int | None":
        """Write, unless nobody has read for so long that there is no room."""
        return self._line.write(data) if self._writable.poll(0) else None

    def deinit(self) -> None:
        """Let go of the line."""
        self._line.close()

    def ioctl(self, request: int, argument: int) -> int:
        """What MicroPython's poll asks of a stream."""
        return self._line.fileno() if request == _GET_FILENO else -1


_SOCKET = "socket://"
_inputs: "dict[str, Pin]" = {}
_tasks: "list[asyncio.Task[None]]" = []


def _connect(address: str) -> "socket.socket":
    host, _, port = address[len(_SOCKET) :].rpartition(":")
    line = socket.socket()
    line.connect(socket.getaddrinfo(host, int(port))[0][-1])
    return line


def _open_raw(path: str) -> "io.FileIO":
    line = open(path, "r+b", buffering=0)  # noqa: SIM115 (it stays open as long as the UART)
    termios.setraw(line.fileno())
    return line


def _listen() -> None:
    """Begin to read stdin, once there is an interrupt to raise."""
    if not _tasks:
        _tasks.append(asyncio.create_task(_obey()))


async def _obey() -> None:
    """Drive pins by the lines of stdin, until it ends."""
    stdin = asyncio.StreamReader(sys.stdin.buffer)
    line = b""
    while True:
        # One byte at a time: half a line must not hold up the node.
        byte = await stdin.read(1)
        if byte not in (b"\n", b""):
            line += byte
            continue
        words = line.split()
        line = b""
        if not byte or words == [b"quit"]:
            raise SystemExit
        _drive(words)


def _drive(words: "list[bytes]") -> None:
    if len(words) == 3 and words[0] == b"pin" and words[2] in (b"0", b"1"):
        pin = _inputs.get(words[1].decode())
        if pin is not None:
            pin.drive(int(words[2]))
            return
    if words:
        print("not understood:", b" ".join(words))
