"""What an emulated board says when it can't do what it should, and that nothing of it stays behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from anju.emulator.board import Board, BoardError
from anju.emulator.console import Lines
from anju.emulator.image import BLANK, FIRMWARE, NoFirmwareError, firmware, flash_image, read_flash
from anju.emulator.qmp import QmpError
from anju.emulator.repl import ProgramError
from emulated.rig import Rig

pytestmark = pytest.mark.anyio


async def test_without_qemu_it_names_the_package(image: Path, tmp_path: Path) -> None:
    board = Board(image, tmp_path, environment={"PATH": str(tmp_path)})
    with pytest.raises(BoardError, match="apt-get install qemu-system-arm"):
        await board.start()
    assert not board.running


async def test_what_is_no_firmware_is_refused_in_the_words_of_qemu(tmp_path: Path) -> None:
    (tmp_path / "flash.bin").write_bytes(BLANK)
    board = Board(tmp_path / "no such image", tmp_path)
    with pytest.raises(BoardError, match="no such image"):
        await board.start()
    assert not board.running


async def test_a_wrong_pin_is_refused_and_the_board_goes_on(rig: Rig) -> None:
    with pytest.raises(QmpError, match="gpioZ9"):
        await rig.board.drive("Z9", 1)
    assert await rig.run("print('on')") == "on\n"


async def test_a_failing_program_raises_with_its_traceback(rig: Rig) -> None:
    with pytest.raises(ProgramError, match="ZeroDivisionError"):
        await rig.run("1 / 0")
    assert await rig.run("print('on')") == "on\n"


async def test_without_power_nothing_answers(rig: Rig) -> None:
    await rig.begin("from machine import Pin\nPin('B0', Pin.OUT, value=1)\nwhile True: pass")
    await rig.wait_for("gpioB0", 1)
    waiting = asyncio.create_task(rig.finish())
    await rig.board.cut_power()
    with pytest.raises(ProgramError, match="console ended"):
        await waiting
    with pytest.raises(QmpError, match="switched off"):
        await rig.board.level("B0")


STARTS_A_BOARD = """
import asyncio, sys
from pathlib import Path
from anju.emulator.board import Board

async def main() -> None:
    await Board(Path(sys.argv[1]), Path(sys.argv[2])).start()
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_board_does_not_outlive_who_started_it(image: Path, tmp_path: Path) -> None:
    (tmp_path / "flash.bin").write_bytes(BLANK)
    with subprocess.Popen([sys.executable, "-c", STARTS_A_BOARD, image, tmp_path], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        boards = psutil.Process(parent.pid).children()
        assert len(boards) == 1
        parent.kill()
        _gone, alive = psutil.wait_procs(boards, timeout=60)
    assert alive == []


def test_a_line_that_the_power_cut_short_is_never_handed_on() -> None:
    heard: list[str] = []
    lines = Lines(heard.append)
    for piece in (b"ready", b" anju\r\nevent 2", b" code 3\n\xff\n", b"acked", b""):
        lines.feed(piece)
    assert heard == ["ready anju", "event 2 code 3", "\ufffd"]


def test_files_of_several_trees_lie_in_one_chip(tmp_path: Path) -> None:
    for name, content in (("a/inner/file", b"first"), ("b/other", bytes(range(256)) * 100)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(content)
    chip = flash_image(tmp_path / "a", tmp_path / "b")
    assert len(chip) == len(BLANK)
    assert read_flash(chip, "inner/file") == b"first"
    assert read_flash(chip, "other") == bytes(range(256)) * 100
    assert read_flash(chip, "missing") is None


def test_a_source_that_is_none_is_said_with_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FIRMWARE, raising=False)
    monkeypatch.setenv("MICROPYTHON_SRC", str(tmp_path))
    with pytest.raises(NoFirmwareError, match="holds no MicroPython"):
        firmware()


def test_an_image_of_your_own_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FIRMWARE, str(tmp_path / "own.elf"))
    assert firmware() == tmp_path / "own.elf"
