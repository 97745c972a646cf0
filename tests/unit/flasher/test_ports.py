"""How ports are named, found, found again and kept for one command. Real USB is what `list_ports` says: here a made-up list."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from anju.flasher import ports
from anju.flasher.errors import BenchError, Trouble
from anju.flasher.ports import Port, again, alone, attached, resolve


class Usb:
    """What is plugged in."""

    def __init__(self) -> None:
        self.there: list[tuple[str, str | None]] = []

    def comports(self) -> list[SimpleNamespace]:
        """As pyserial has it; the first port is on the mainboard, not on USB."""
        board = SimpleNamespace(device="/dev/ttyS0", serial_number=None, product=None, description="n/a", vid=None)
        return [
            _Comparable(**vars(board)),
            *(
                _Comparable(device=path, serial_number=usb, product="Pico", description="", vid=1)
                for path, usb in self.there
            ),
        ]


class _Comparable(SimpleNamespace):
    def __lt__(self, other: SimpleNamespace) -> bool:
        return bool(self.device < other.device)


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> Usb:
    """A made-up list of ports."""
    made = Usb()
    monkeypatch.setattr(list_ports, "comports", made.comports)
    return made


def test_all_means_usb_ports_and_listed_consoles(usb: Usb, monkeypatch: pytest.MonkeyPatch) -> None:
    usb.there = [("/dev/ttyACM1", "B"), ("/dev/ttyACM0", "A")]
    monkeypatch.setenv("ANJU_PORTS", "socket://127.0.0.1:7001  socket://127.0.0.1:7002")
    assert [port.url for port in resolve(["all"])] == [
        "/dev/ttyACM0",
        "/dev/ttyACM1",
        "socket://127.0.0.1:7001",
        "socket://127.0.0.1:7002",
    ]


def test_a_port_named_twice_is_one(usb: Usb, tmp_path: Path) -> None:
    usb.there = [("/dev/ttyACM0", "A")]
    link = tmp_path / "by-id"
    link.symlink_to("/dev/ttyACM0")
    assert resolve(["all", "id:A", "/dev/ttyACM0", str(link)]) == [Port("/dev/ttyACM0", "A", "Pico")]


@pytest.mark.parametrize("words", [["all"], ["id:Z"]])
def test_nothing_there_is_said(usb: Usb, words: list[str]) -> None:
    with pytest.raises(BenchError) as refused:
        resolve(words)
    assert refused.value.trouble is Trouble.NOT_THERE
    assert refused.value.status == 4


def test_a_board_comes_back_under_another_name(usb: Usb, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: Iterator[list[tuple[str, str | None]]] = iter(
        [[], [("/dev/ttyACM0", "B")], [("/dev/ttyACM0", "B"), ("/dev/ttyACM3", "A")]]
    )

    def look() -> list[Port]:
        usb.there = next(looks)
        return real()

    real = attached
    monkeypatch.setattr(ports, "attached", look)
    assert again(Port("/dev/ttyACM0", "A"), 60).url == "/dev/ttyACM3"


def test_without_a_usb_serial_it_is_looked_for_where_it_was(usb: Usb) -> None:
    assert again(Port("/dev/ttyUSB0"), 60) == Port("/dev/ttyUSB0")


def test_one_command_at_a_port_at_a_time() -> None:
    refused: list[BenchError] = []

    def second() -> None:
        try:
            with alone(Port("socket://127.0.0.1:7001")):
                pass
        except BenchError as error:
            refused.append(error)

    with alone(Port("socket://127.0.0.1:7001")), alone(Port("socket://127.0.0.1:7002")):
        other = threading.Thread(target=second)
        other.start()
        other.join()
    assert refused[0].trouble is Trouble.IN_USE
    assert str(os.getpid()) in refused[0].what
    second()
    assert len(refused) == 1, "it was let go at the end"
