"""What the bench remembers."""

import sqlite3
import stat
from pathlib import Path

import pytest

from anju.flasher.place import bench_folder
from anju.flasher.ports import Port
from anju.flasher.register import Register, provisional_name

ONE, TWO = Port("/dev/ttyUSB0", "A1"), Port("socket://127.0.0.1:7001")


def test_a_provisional_name_is_short_and_has_no_letters_that_are_misread() -> None:
    names = {provisional_name(f"{number:016x}") for number in range(1000)}
    assert len(names) == 1000
    assert {len(name) for name in names} == {7}
    assert not set("".join(name[2:] for name in names)) & set("ILOU")
    assert provisional_name("a1a2a3a4a5a6a7a8") == provisional_name("a1a2a3a4a5a6a7a8")


def test_a_board_is_found_by_its_usb_serial_wherever_it_is_plugged_in() -> None:
    with Register() as register:
        register.met(ONE, "01", {"board": "rp2040_wired", "version": "0.1.0"})
        register.met(TWO, "02", {"board": "qemu_ast1030"})
        moved = register.at(Port("/dev/ttyUSB7", "A1"))
        assert moved is not None
        assert (moved.unique_id, moved.board, moved.port) == ("01", "rp2040_wired", "/dev/ttyUSB0")
        assert register.at(Port("/dev/ttyUSB0", "B2")) is None
        beside = register.at(TWO)
        assert beside is not None
        assert beside.unique_id == "02"


def test_what_is_known_stays_known_when_a_board_says_less() -> None:
    with Register() as register:
        register.met(ONE, "01", {"board": "rp2040_wired", "version": "0.1.0"}, flashed=True)
        first = register.board("01")
        register.met(ONE, "01", {"machine": "Pico"})
        second = register.board("01")
        assert first is not None
        assert second is not None
        assert (second.board, second.version, second.flashed, second.machine) == (
            "rp2040_wired",
            "0.1.0",
            first.flashed,
            "Pico",
        )
        assert first.flashed


def test_a_run_that_was_broken_off_counts_as_failed() -> None:
    with Register() as register:
        register.begin_run({"board": "x"}, [ONE, TWO])
        register.succeeded(TWO)
    with Register() as register:  # as after a crash: nobody said how the other one ended
        assert register.last_run() == ({"board": "x"}, ["id:A1"])
        register.begin_run({}, [])
        assert register.last_run() == ({}, [])


def test_nobody_else_may_read_it() -> None:
    with Register():
        path = bench_folder() / "bench.sqlite"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_row_that_cannot_be_written_leaves_the_last_run_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "bench.sqlite"
    with Register(path) as register:
        register.begin_run({"board": "x"}, [ONE])
    with sqlite3.connect(path, isolation_level=None) as store:
        store.execute("CREATE TRIGGER full BEFORE INSERT ON failed BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with Register(path) as register, pytest.raises(sqlite3.IntegrityError):
        register.begin_run({}, [TWO])
    with Register(path) as register:
        assert register.last_run() == ({"board": "x"}, ["id:A1"])
