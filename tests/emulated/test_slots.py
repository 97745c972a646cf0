"""Updates on a board: a good one stays, a bad one runs three times at most, and the console says why."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bench.answering import Answering
from anju.bundle.manifest import NAME
from anju.emulator.board import Board, Pace
from anju.emulator.image import flash_image
from anju.emulator.repl import Repl
from emulated.heard import Heard
from emulated.slots import bundle, chip, spoiled

pytestmark = pytest.mark.anyio
RELEASE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
START = "anju/role/start.mpy"
INPUTS = ("hold_up", "entry", "tamper")
TRIES = ["boot: slot b: try 1 of 3", "boot: slot b: try 2 of 3", "boot: slot b: try 3 of 3"]
GIVEN_UP = "boot: slot b: not confirmed in 3 tries"
FLIP = "from anju.update import install\ninstall.flip({!r})"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slot with number 1, unsigned."""
    return bundle(tmp_path_factory.mktemp("old") / "bundle", 1)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slot with number 2, signed."""
    return bundle(tmp_path_factory.mktemp("new") / "bundle", 2, RELEASE)


@asynccontextmanager
async def _powered(
    image: Path, folder: Path, flash: bytes, pace: Pace = Pace.LEAPING, line: Path | None = None
) -> AsyncIterator[Heard]:
    (folder / "flash.bin").write_bytes(flash)
    node = Heard(Board(image, folder, line=line, pace=pace))
    await node.board.start()
    try:
        yield node
    finally:
        await node.board.stop()


async def _story(image: Path, folder: Path, flash: bytes, last: str = "unenrolled") -> list[str]:
    """What a node says from its first start to the line with these words; a bad slot's own words are not in it."""
    async with _powered(image, folder, flash) as node:
        await node.until(lambda: node.said(last) > 0)
        lines = node.lines
    return [line for line in lines if line.startswith(("boot:", "confirmed", last))]


def _key_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "release_key").write_text(RELEASE.public_key().public_bytes_raw().hex() + "\n")
    return folder


# ---- Good ones


async def test_a_first_installation_needs_no_pointer(old: Path, image: Path, tmp_path: Path) -> None:
    story = await _story(image, tmp_path, chip(tmp_path / "chip", {"a": old}), "confirmed slot a")
    assert story == ["boot: no pointer", "boot: slot a: try 1 of 3", "confirmed slot a"]
    async with _powered(image, tmp_path, (tmp_path / "flash.bin").read_bytes()) as node:
        await node.until(lambda: node.said("unenrolled") > 0)
        assert not node.said("boot:")


async def test_a_signed_update_is_taken_and_confirmed(old: Path, new: Path, image: Path, tmp_path: Path) -> None:
    key = _key_folder(tmp_path / "key")
    flash = chip(tmp_path / "chip", {"a": old, "b": new}, "a", more=[key])
    async with _powered(image, tmp_path, flash, Pace.STEADY) as node:
        await node.until(lambda: node.said("unenrolled") == 1)
        told = json.loads(await Repl(node.board).run(FLIP.format("b")))
        assert told == {"ok": True, "slot": "b", "number": 2, "version": "0.1.1"}
        heard = Heard(node.board)
        await node.board.press_reset()
        await heard.until(lambda: heard.said("confirmed slot b") == 1)
        assert heard.lines[0] == TRIES[0]


async def test_an_enrolled_node_confirms_with_the_first_answer(
    old: Path, new: Path, image: Path, tmp_path: Path
) -> None:
    enrolled = tmp_path / "enrolled"
    enrolled.mkdir()
    peer = Answering(tmp_path / "line", enrolled, INPUTS)
    peer.answers = lambda: False
    flash = chip(tmp_path / "chip", {"a": old, "b": new}, "b", more=[enrolled])
    async with peer, _powered(image, tmp_path, flash, Pace.STEADY, tmp_path / "line") as node:
        await node.until(lambda: len(peer.hellos) > 2)
        assert not node.said("confirmed")
        peer.answers = lambda: True
        await node.until(lambda: node.said("confirmed slot b") == 1)
        assert peer.builds[-1].endswith(b" qemu_ast1030 development")


async def test_what_rots_while_a_node_sleeps_costs_it_one_more_start(
    old: Path, new: Path, image: Path, tmp_path: Path
) -> None:
    """A wake does not look at the files, but what becomes of a bad one is no wake."""
    async with _powered(image, tmp_path, chip(tmp_path / "chip", {"a": old, "b": new}, "a"), Pace.STEADY) as node:
        await node.until(lambda: node.said("unenrolled") == 1)
        spoil = f"with open('/a/{START}', 'wb') as file: file.write(b'garbage')\nimport machine\nmachine.deepsleep(100)"
        await Repl(node.board).begin(spoil)
        heard = Heard(node.board)
        await heard.until(lambda: heard.said("unenrolled") == 1)
        assert [line for line in heard.lines if line.startswith(("boot:", "main:"))] == [
            "main: slot a has ended; reset in 3 s",
            f"boot: slot a: {START}: not what its MANIFEST says",
        ]


# ---- Bad ones


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def run():\n    raise ValueError('not today')\n", "ValueError: not today"),
        ("import nowhere\n", "ImportError"),
        ("def run():\n    pass\n", "main: slot b has ended"),
        ("import time\nwhile True:\n    time.sleep(1)\n", ""),
        ("def run():\n    import time\n    while True:\n        time.sleep(1)\n", ""),
    ],
    ids=["raises", "cannot be imported", "ends", "hangs while it is imported", "hangs"],
)
async def test_a_bad_update_runs_three_times_and_the_old_one_comes_back(
    source: str, why: str, old: Path, new: Path, image: Path, tmp_path: Path
) -> None:
    bad = spoiled(new, tmp_path / "bad", START, source)
    flash = chip(tmp_path / "chip", {"a": old, "b": bad}, "b")
    async with _powered(image, tmp_path, flash) as node:
        await node.until(lambda: node.said("unenrolled") > 0)
        assert [line for line in node.lines if line.startswith("boot:")] == [*TRIES, GIVEN_UP]
        assert not why or node.said(why) == 3


async def test_an_update_that_cannot_read_the_store_gives_way(
    old: Path, new: Path, image: Path, tmp_path: Path
) -> None:
    """It would be taken for an unenrolled node, which needs no answer."""
    source = (
        "from anju.node.identity import StoreError\n"
        "class LittlefsStore:\n"
        "    def __init__(self, folder): pass\n"
        "    def load(self): raise StoreError('no identity')\n"
        "    def holds_identity(self): return True\n"
    )
    bad = spoiled(new, tmp_path / "bad", "anju/store/littlefs.mpy", source)
    story = await _story(image, tmp_path, chip(tmp_path / "chip", {"a": old, "b": bad}, "b"))
    assert story == [*TRIES, GIVEN_UP, "unenrolled"]


async def test_an_update_that_nobody_answers_gives_way(old: Path, new: Path, image: Path, tmp_path: Path) -> None:
    enrolled = tmp_path / "enrolled"
    enrolled.mkdir()
    Answering(tmp_path / "line", enrolled, INPUTS)
    flash = chip(tmp_path / "chip", {"a": old, "b": new}, "b", more=[enrolled])
    async with _powered(image, tmp_path, flash) as node:
        await node.until(lambda: node.said(GIVEN_UP) > 0)
        await node.until(lambda: node.said("ready anju/") == 4)
        assert node.said("nobody has answered for 300 s") == 3


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        (START, b"garbage", f"{START}: not what its MANIFEST says"),
        (START, None, f"{START}: OSError(2,)"),
        (NAME, b"", "its MANIFEST is not the one that was accepted"),
        (NAME, None, "MANIFEST: OSError(2,)"),
    ],
    ids=["another hash", "a file missing", "an empty MANIFEST", "no MANIFEST"],
)
async def test_a_slot_that_is_not_whole_does_not_run_at_all(
    path: str, content: bytes | None, why: str, old: Path, new: Path, image: Path, tmp_path: Path
) -> None:
    chip(tmp_path / "chip", {"a": old, "b": new}, "b")
    file = tmp_path / "chip" / "b" / path
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert await _story(image, tmp_path, flash_image(tmp_path / "chip")) == [f"boot: slot b: {why}", "unenrolled"]


async def test_without_a_whole_slot_the_console_says_so_and_the_prompt_is_there(
    old: Path, image: Path, tmp_path: Path
) -> None:
    chip(tmp_path / "chip", {"a": old}, "a")
    (tmp_path / "chip" / "a" / START).write_bytes(b"garbage")
    async with _powered(image, tmp_path, flash_image(tmp_path / "chip"), Pace.STEADY) as node:
        await node.until(lambda: node.said("neither slot is whole") == 1)
        assert await Repl(node.board).run("print(6 * 7)") == "42\n"


async def test_ctrl_c_after_a_failure_leaves_the_prompt(old: Path, new: Path, image: Path, tmp_path: Path) -> None:
    bad = spoiled(new, tmp_path / "bad", START, "def run():\n    raise ValueError\n")
    async with _powered(image, tmp_path, chip(tmp_path / "chip", {"a": bad}), Pace.STEADY) as node:
        await node.until(lambda: node.said("main: slot a has ended") == 1)
        assert await Repl(node.board).run("print(6 * 7)") == "42\n"
