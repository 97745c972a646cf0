"""A port that can't be had, as pyserial tells it. What a board answers is in tests/emulated/test_transport.py."""

from __future__ import annotations

import errno
import os
import tty
from collections.abc import Iterator

import pytest
import serial

from anju.flasher import transport
from anju.flasher.errors import Trouble
from anju.flasher.ports import Port
from anju.flasher.transport import AbsentError, Console, ForbiddenError, LineError, OccupiedError, SilentError
from anju.flasher.words import explain


@pytest.fixture
def terminal() -> Iterator[str]:
    """A line at whose other end nobody is."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(AbsentError):
        Console("/dev/nowhere", 1)
    with pytest.raises(AbsentError):
        Console("socket://127.0.0.1:1", 1)
    with pytest.raises(AbsentError):
        Console("nonsense://x", 1)


def test_a_port_that_another_program_holds(terminal: str) -> None:
    with serial.Serial(terminal, exclusive=True), pytest.raises(OccupiedError):
        Console(terminal, 1)


def test_a_port_that_this_user_may_not_open(terminal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made up at the edge: these tests may run as root, whom nothing is forbidden."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise serial.SerialException(errno.EACCES, "Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with pytest.raises(ForbiddenError):
        Console(terminal, 1)


def test_a_board_that_does_not_answer(terminal: str) -> None:
    with Console(terminal, 0.2) as console, pytest.raises(SilentError):
        console.enter()


@pytest.mark.parametrize(
    ("error", "is_begun", "trouble"),
    [
        (ForbiddenError("x"), False, Trouble.NO_PERMISSION),
        (OccupiedError("x"), False, Trouble.IN_USE),
        (SilentError("x"), False, Trouble.SILENT),
        (SilentError("x"), True, Trouble.STOPPED_ANSWERING),
        (AbsentError("x"), True, Trouble.UNPLUGGED),
        (AbsentError("x"), False, Trouble.NOT_THERE),
        (transport.BoardError("Traceback\nOSError: 28"), True, Trouble.FULL),
        (transport.BoardError("Traceback\nOSError: [Errno 28] ENOSPC"), True, Trouble.FULL),
        (transport.BoardError("Traceback\nValueError: read back differently: /a/x"), True, Trouble.READ_BACK),
        (transport.BoardError("MemoryError: "), True, Trouble.NOT_UNDERSTOOD),
    ],
)
def test_every_error_says_what_happened_what_is_unchanged_and_what_to_type(
    error: LineError, is_begun: bool, trouble: Trouble
) -> None:
    told = explain(error, Port("/dev/ttyUSB3", "A1"), "The old one runs.", is_begun=is_begun)
    assert told.trouble is trouble
    assert told.what.endswith(f"({trouble.code})")
    assert told.unchanged
    assert told.next_step


def test_a_payload_never_holds_what_would_interrupt_the_board() -> None:
    payload = bytes(range(256)) * 3 + b"\x1b\x03\x1bC\x1b["
    travelling = transport.escaped(payload)
    assert b"\x03" not in travelling
    assert travelling.replace(b"\x1bC", b"\x03").replace(b"\x1b[", b"\x1b") == payload
