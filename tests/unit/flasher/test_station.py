"""The bench station: what comes, goes, and is flashed once. Plugging is made up; what a flash does is tested on boards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from anju.flasher import station
from anju.flasher.load import Loads
from anju.flasher.ports import Port
from anju.flasher.register import Register
from anju.flasher.station import ABSENT_S, Station
from anju.flasher.wish import Outcome, Tell, Wish

BRIDGE, OWN_USB = Port("/dev/ttyUSB0"), Port("/dev/ttyACM0", "A1")


class Bench:
    """A station whose ports and clock are in our hands."""

    def __init__(self, register: Register, folder: Path) -> None:
        self.there: list[Port] = []
        self.now = 0.0
        self.told: list[str] = []
        self._station = Station(
            Wish(Loads(folder, None, None)),
            register,
            2,
            arrived=lambda port: self.told.append(f"+{port.url}"),
            left=lambda port: self.told.append(f"-{port.url}"),
            done=lambda outcome: self.told.append(f"={outcome.port.url}"),
            tell=lambda _port, _what, _share: None,
            look=lambda: self.there,
            clock=lambda: self.now,
        )

    def until(self, count: int) -> list[str]:
        """Look until there is as much to tell, and tell it."""
        while len(self.told) < count:
            self._station.look_once()
        told, self.told = self.told, []
        return told

    def look(self) -> list[str]:
        """Look once."""
        self._station.look_once()
        return self.until(0)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A station where flashing takes no time."""

    def flash(port: Port, _wish: Wish, _tell: Tell) -> Outcome:
        return Outcome(port)

    monkeypatch.setattr(station, "flash", flash)
    with Register() as register:
        yield Bench(register, tmp_path)


def test_what_is_plugged_in_is_flashed_once(bench: Bench) -> None:
    bench.there = [BRIDGE, OWN_USB]
    assert sorted(bench.until(4)) == ["+/dev/ttyACM0", "+/dev/ttyUSB0", "=/dev/ttyACM0", "=/dev/ttyUSB0"]
    assert bench.look() == []


def test_a_reset_that_takes_the_port_along_is_no_new_board(bench: Bench) -> None:
    bench.there = [OWN_USB]
    bench.until(2)
    bench.there, bench.now = [], ABSENT_S / 2
    assert bench.look() == []
    bench.there, bench.now = [Port("/dev/ttyACM7", "A1")], ABSENT_S
    assert bench.look() == []


def test_a_board_that_was_away_is_a_new_visit(bench: Bench) -> None:
    bench.there = [OWN_USB]
    bench.until(2)
    bench.there, bench.now = [], ABSENT_S * 2
    assert bench.look() == ["-/dev/ttyACM0"]
    bench.there = [OWN_USB]
    assert bench.until(2) == ["+/dev/ttyACM0", "=/dev/ttyACM0"]


def test_behind_a_bridge_without_serial_the_next_board_is_not_taken_for_the_last(bench: Bench) -> None:
    bench.there = [BRIDGE]
    bench.until(2)
    bench.there, bench.now = [], 0.3
    assert bench.look() == ["-/dev/ttyUSB0"]
    bench.there = [BRIDGE]
    assert bench.until(2) == ["+/dev/ttyUSB0", "=/dev/ttyUSB0"]
