"""The monitor shows what comes, and sends nothing."""

from __future__ import annotations

import os
import select
import tty

import pytest
import serial

from anju.flasher import monitor
from anju.flasher.errors import BenchError, Trouble
from anju.flasher.ports import Port
from anju.flasher.transport import open_quietly


class _EnoughError(Exception):
    """What Ctrl-C would be."""


class Line:
    """A node at the other end of a terminal, which speaks as soon as somebody listens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
        self.node, self._terminal = os.openpty()
        tty.setraw(self._terminal)
        self.port = Port(os.ttyname(self._terminal))
        self._says = says
        monkeypatch.setattr(monitor, "open_quietly", self._opened)

    def _opened(self, url: str) -> serial.Serial:
        line = open_quietly(url)
        os.write(self.node, self._says.encode())
        return line

    def end(self) -> None:
        """Unplug it."""
        os.close(self.node)
        os.close(self._terminal)


def test_it_shows_lines_and_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch, "ready anju/0.1.0\r\n事件 1\r\n>>> ")
    shown: list[str] = []

    def show(text: str) -> None:
        shown.append(text)
        if len(shown) == 3:
            raise _EnoughError

    with pytest.raises(_EnoughError):
        monitor.monitor(line.port, show, shown.append)
    assert shown == ["ready anju/0.1.0", "事件 1", ">>> "]
    assert select.select([line.node], [], [], 0)[0] == []
    line.end()


def test_a_port_that_goes_away_is_said_and_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch, "the last words\n")
    noted: list[str] = []
    with pytest.raises(BenchError) as ended:
        monitor.monitor(line.port, lambda _text: line.end(), noted.append)
    assert ended.value.trouble is Trouble.NOT_THERE
    assert noted == [f"{line.port.label} is gone; waiting for it to come back"]
