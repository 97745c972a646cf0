"""The raw REPL of one board, through mpremote's `SerialTransport`: the one module that knows mpremote.

mpremote 1.29 is no library yet, so what is relied upon is little, and tests/emulated/test_transport.py holds it to that:
opening a port by pyserial's names, `exec_raw` with raw paste's flow control, `read_until`. Entering the raw REPL is done here:
theirs prints to stdout when it fails, and waits for ever for a board that ignores Ctrl-C if its port has no timeout.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import termios
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

BAUD = 115200
_READ_S = 1.0
"""No single read of the port waits longer; pyserial's default is for ever."""
_ATTEMPT_S = 1.5
_BLOCK_S = 5.0
_ANSWER_S = 20.0
"""No program of ours runs longer; a slow board checks a signature in two."""
_BANNER = b"raw REPL; CTRL-B to exit\r\n"
_REBOOT = b"soft reboot\r\n"
_INTERRUPT, _RAW, _FRIENDLY, _END = b"\x03", b"\x01", b"\x02", b"\x04"
BLOCK_BYTES = 128
"""Bytes between two acknowledgements of a payload; raw paste has the same, so every stdin buffer takes two of them."""
_TAKEN = b"k"
_ESCAPES = ((b"\x1b", b"\x1b["), (_INTERRUPT, b"\x1bC"))
"""What a payload must not contain, or Ctrl-C would no longer interrupt a board whose bench has gone."""


class LineError(Exception):
    """What became of a line; the callers know what that means for the board."""


class OccupiedError(LineError):
    """Another program holds the port."""


class ForbiddenError(LineError):
    """This user may not open the port."""


class AbsentError(LineError):
    """There is no such port, or it was unplugged."""


class SilentError(LineError):
    """No answer within the time allowed."""


class BoardError(LineError):
    """The board's program raised; the text is its traceback."""


class Console:
    """An open port. `limit_s` bounds everything together until `allow` moves it; LineError says what went wrong."""

    def __init__(self, url: str, limit_s: float) -> None:
        self.url = url
        self.allow(limit_s)
        self._line: Any = _opened(url)
        # Nor must a board that takes nothing stop this end for ever.
        self._line.serial.write_timeout = 10 * _READ_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def allow(self, limit_s: float) -> None:
        """From now on so many seconds, whatever is done in them."""
        self._until = time.monotonic() + limit_s

    @property
    def pause_s(self) -> float:
        """How long `heard` waits for a piece."""
        return _READ_S

    def close(self) -> None:
        """Let the port go; the board goes on with whatever it does."""
        with contextlib.suppress(OSError):  # it is not there any more
            self._line.close()

    def enter(self) -> None:
        """Interrupt whatever runs, and begin anew without main.py; SilentError if the board does not listen."""
        with _translated():
            while True:
                self._write(b"\r" + _INTERRUPT + _INTERRUPT)
                self._flush()
                self._write(b"\r" + _RAW)
                if self._ends(_BANNER, min(_ATTEMPT_S, self._left())):
                    break
                if self._left() <= 0:
                    raise SilentError(self.url)
            self._write(_END)
            # In this order: a banner alone may be the answer to an attempt that came late.
            if not self._ends(_REBOOT, self._left()) or not self._ends(_BANNER, self._left()):
                raise SilentError(self.url)

    def run(self, program: str) -> str:
        """What a program prints; BoardError with its traceback if it raises."""
        with _translated():
            self._line.exec_raw_no_follow(program)
            return self._finish()

    def send(self, program: str, payload: bytes) -> str:
        """What a program prints that takes a payload by `onboard.receive`, which says that it is ready, and after each block."""
        with _translated():
            self._line.exec_raw_no_follow(program)
            blocks = [payload[place : place + BLOCK_BYTES] for place in range(0, len(payload), BLOCK_BYTES)]
            self._take()
            for number, block in enumerate(blocks):
                self._write(block)
                if number:
                    self._take()  # the one before: two are on their way, so that the line is never idle
            if blocks:
                self._take()
            return self._finish()

    def begin(self, program: str) -> None:
        """Start a program that won't come back, such as a reset."""
        with _translated():
            self._line.exec_raw_no_follow(program)

    def heard(self) -> Iterator[bytes]:
        """What the board says from now on, until the time allowed is over; empty pieces while it says nothing."""
        with _translated():
            while self._left() > 0:
                yield self._line.serial.read(max(1, self._line.serial.in_waiting))

    def _take(self) -> None:
        end = time.monotonic() + min(self._left(), _BLOCK_S)
        while not (told := self._line.serial.read(1)):
            if time.monotonic() > end:
                raise SilentError(self.url)
        if told != _TAKEN:
            raise BoardError(self._rest(told))

    def _rest(self, begun: bytes) -> str:
        told: bytes = begun + self._line.read_until(1, _END, timeout=_READ_S)
        return told.decode(errors="replace").strip("\x04")

    def _finish(self) -> str:
        told = list[str]()
        for _part in ("output", "error"):
            text: bytes = self._line.read_until(
                1, _END, timeout=None, timeout_overall=max(0.0, min(_ANSWER_S, self._left()))
            )
            if not text.endswith(_END):
                raise SilentError(self.url)
            told.append(text[:-1].decode(errors="replace").replace("\r\n", "\n"))
        if told[1]:
            raise BoardError(told[1].strip())
        return told[0]

    def _ends(self, ending: bytes, within_s: float) -> bool:
        told = self._line.read_until(1, ending, timeout=None, timeout_overall=max(0.0, within_s))
        return bool(told.endswith(ending))

    def _flush(self) -> None:
        while waiting := self._line.serial.in_waiting:
            self._line.serial.read(waiting)

    def _write(self, piece: bytes) -> None:
        self._line.serial.write(piece)

    def _left(self) -> float:
        return self._until - time.monotonic()


def escaped(payload: bytes) -> bytes:
    """A payload as it travels; `onboard.receive` undoes it."""
    for plain, told in _ESCAPES:
        payload = payload.replace(plain, told)
    return payload


def open_quietly(url: str) -> serial.Serial:
    """A port for listening only: LineError, as `Console` has them. Nothing is sent, and its closing moves no control line."""
    with _translated():
        line: Any = serial.serial_for_url(url, baudrate=BAUD, timeout=_READ_S, exclusive=True)
    with contextlib.suppress(AttributeError, OSError, termios.error):  # no serial device: nothing hangs on its lines
        held = termios.tcgetattr(line.fd)
        held[2] &= ~termios.HUPCL
        termios.tcsetattr(line.fd, termios.TCSANOW, held)
    told: serial.Serial = line
    return told


def _opened(url: str) -> SerialTransport:
    with _translated():
        try:
            return SerialTransport(url, baudrate=BAUD, timeout=_READ_S)
        except TransportError:
            # It does not say why; whoever opens it again learns that.
            serial.serial_for_url(url, baudrate=BAUD, timeout=_READ_S, exclusive=True).close()
            return SerialTransport(url, baudrate=BAUD, timeout=_READ_S)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """What pyserial and mpremote raise, as LineError."""
    try:
        yield
    except LineError:
        raise
    except serial.SerialTimeoutException as error:
        raise SilentError(str(error)) from error
    except (
        OSError,
        ValueError,
    ) as error:  # pyserial's own is an OSError; ValueError is its word for no such kind of URL
        number = getattr(error, "errno", None)
        if number in (errno.EACCES, errno.EPERM):
            raise ForbiddenError(str(error)) from error
        if number in (errno.EAGAIN, errno.EBUSY):
            raise OccupiedError(str(error)) from error
        raise AbsentError(os.strerror(number) if number else str(error)) from error
    except (TransportError, struct.error) as error:
        raise SilentError(str(error)) from error
