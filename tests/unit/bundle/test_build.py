"""The bundle that is flashed: bytecode, small, the same each time, and vouched for by its manifest."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bundle import Bundle, BundleError, Source, build, stage
from anju.bundle.reach import reached
from anju.bundle.stage import TABLE
from anju.simulator.interpreter import micropython

FLASHED = sorted(
    folder.name
    for folder in Source.find().boards.iterdir()
    if (folder / "board.py").is_file() and folder.name != "unix_sim"  # a process, which brings a `machine` of its own
)
MOST_BYTECODE = 40 * 1024
MOST_BYTECODE_EMULATED = 42 * 1024
"""Of a sleeping node whose board file also plays the chip that wakes it."""
MOST_BYTECODE_FOB = 42 * 1024
"""Of a sleeping panic button that has keys as well."""
MOST_BYTECODE_ASKING = 2 * 1024
"""Loaded when a key is let go, and forgotten after."""
MOST_BYTECODE_PAIRING = 14 * 1024
PAIRING = ("anju/pair/", "anju/update/sign.", "anju/node/unenrolled.")
"""Loaded to pair a node or to sign an EVIDENCE, and forgotten after; the rest has its limit."""
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NUMBER = 1_800_000_000


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "unix_sim"
    build("unix_sim", folder, KEY, NUMBER)
    return folder


def test_it_is_what_a_node_runs_as_bytecode(bundle: Path, tmp_path: Path) -> None:
    staged = stage("unix_sim", tmp_path / "tree")
    needed = reached(staged, map(Path, ("boot.py", "main.py", "board.py", "anju/update/install.py")))
    needed.remove(TABLE)  # its numbers are in all the others
    starters = {"boot.py", "main.py"}
    modules = {f"slot/{name.with_suffix('.mpy')}" for name in needed if str(name) not in starters}
    assert set(tree(bundle)) == starters | modules | {"slot/MANIFEST"}
    assert (bundle / "boot.py").read_bytes() == (staged / "boot.py").read_bytes()
    assert {content[:2] for name, content in tree(bundle).items() if name.endswith(".mpy")} == {b"M\x06"}


def test_the_manifest_says_it_all(bundle: Path) -> None:
    told = Bundle.open(bundle).manifest
    assert (told.board, told.mpy, told.number) == ("unix_sim", 6, NUMBER)
    assert told.version.encode() in (Source.find().firmware / "anju/node/version.py").read_bytes().replace(b", ", b".")
    slot = tree(bundle / "slot")
    del slot["MANIFEST"]
    assert told.files == {name: hashlib.sha256(content).hexdigest() for name, content in slot.items()}


@pytest.mark.parametrize("board", FLASHED)
def test_it_is_small_on_every_board(board: str, tmp_path: Path) -> None:
    build(board, tmp_path / "bundle")
    sizes = {name: len(content) for name, content in tree(tmp_path / "bundle/slot").items() if name.endswith(".mpy")}
    largest = sorted(sizes.items(), key=lambda one: -one[1])[:8]
    pairing = {name for name in sizes if name.startswith(PAIRING)}
    assert bool(pairing) == ("anju/node/device.mpy" in sizes)
    assert sum(sizes.pop(name) for name in pairing) <= MOST_BYTECODE_PAIRING
    assert sum(sizes.pop(name) for name in [*sizes] if name.startswith("anju/keys/")) <= MOST_BYTECODE_ASKING
    most = {"qemu_battery": MOST_BYTECODE_EMULATED, "esp32c3_fob": MOST_BYTECODE_FOB}.get(board, MOST_BYTECODE)
    assert sum(sizes.values()) <= most, f"{sum(sizes.values())} bytes; the largest: {largest}"


@pytest.mark.parametrize("board", FLASHED)
def test_only_boards_with_a_siren_or_keys_carry_what_works_them(board: str, tmp_path: Path) -> None:
    build(board, tmp_path / "bundle")
    names = set(tree(tmp_path / "bundle/slot"))
    assert ("anju/node/sounder.mpy" in names) == (board in {"qemu_ast1030", "rp2040_wired"})
    assert ("anju/keys/asking.mpy" in names) == ("anju/node/keys.mpy" in names) == (board == "esp32c3_fob")


def test_the_same_source_number_and_key_make_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    build("unix_sim", tmp_path / "elsewhere/again", KEY, NUMBER)
    assert tree(tmp_path / "elsewhere/again") == tree(bundle)


def test_without_a_number_the_same_source_makes_the_same_bytes(tmp_path: Path) -> None:
    first, second = (build("unix_sim", tmp_path / name) for name in ("first", "second"))
    assert first == second
    assert tree(tmp_path / "first") == tree(tmp_path / "second")


def test_nothing_of_this_machine_is_in_it(bundle: Path) -> None:
    for name, content in tree(bundle).items():
        assert str(Path(__file__).parents[3]).encode() not in content, name
        assert b"/tmp/" not in content, name


def test_micropython_runs_it_and_its_tracebacks_name_module_and_line(bundle: Path) -> None:
    failing = "from anju.node.identity import Identity\nIdentity.from_json('x')"
    source = (Source.find().firmware / "anju/node/identity.py").read_text().splitlines()
    line = 1 + source.index('            raise IdentityError("not JSON")')
    run = subprocess.run(
        [micropython(), "-c", failing],
        env=os.environ | {"MICROPYPATH": f"{bundle}/slot:.frozen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert f'File "anju.node.identity", line {line}, in from_json' in run.stdout + run.stderr


def test_every_module_loads(bundle: Path, tmp_path: Path) -> None:
    names = [name.removesuffix(".mpy").replace("/", ".") for name in Bundle.open(bundle).manifest.files]
    (tmp_path / "all.py").write_text("\n".join(f"import {name}" for name in names))
    run = subprocess.run(
        [micropython(), tmp_path / "all.py", "--store", tmp_path, "--link", "udp:127.0.0.1:9"],
        env=os.environ | {"MICROPYPATH": f"{bundle}/slot:.frozen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_an_earlier_bundle_is_replaced_whole(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    build("qemu_ast1030", folder, None, 1)
    build("unix_sim", folder, KEY, NUMBER)
    assert tree(folder) == tree(bundle)
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("what", ["letter.txt", "slot/letter.txt", "boot.py"])
def test_what_is_no_bundle_is_left_alone(what: str, tmp_path: Path) -> None:
    (tmp_path / what).parent.mkdir(exist_ok=True)
    (tmp_path / what).write_text("mine")
    with pytest.raises(BundleError, match="something else than a bundle"):
        build("unix_sim", tmp_path)
    assert tree(tmp_path) == {what: b"mine"}


def test_a_file_in_its_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bundle").write_text("mine")
    with pytest.raises(BundleError, match="something else than a bundle"):
        build("unix_sim", tmp_path / "bundle")
    assert (tmp_path / "bundle").read_text() == "mine"


def test_an_unknown_board_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no_such_board"):
        build("no_such_board", tmp_path / "new/bundle")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="cannot be written"):
        build("unix_sim", tmp_path / "file/bundle")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's source, with one more board to spoil; its folder."""
    source = Source.find()
    boards = tmp_path / "boards"
    (boards / "toy").mkdir(parents=True)
    (boards / "toy/board.py").write_text("NAME = 'toy'\n")
    found = Source(source.firmware, boards, source.table, tmp_path / "number")
    monkeypatch.setattr(Source, "find", lambda: found)
    return boards / "toy"


def test_what_does_not_compile_leaves_the_earlier_bundle(toy: Path, tmp_path: Path) -> None:
    build("toy", tmp_path / "bundle", None, 1)
    before = tree(tmp_path / "bundle")
    (toy / "board.py").write_text("NAME = \n")
    with pytest.raises(BundleError, match=r"board\.py cannot be compiled.*line 1"):
        build("toy", tmp_path / "bundle", None, 2)
    assert tree(tmp_path / "bundle") == before


def test_a_module_that_a_node_would_refuse_makes_no_bundle(toy: Path, tmp_path: Path) -> None:
    (toy / "Pins.py").write_text("")
    (toy / "board.py").write_text("import Pins")
    with pytest.raises(BundleError, match="manifest cannot say"):
        build("toy", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_too_many_modules_make_no_bundle(toy: Path, tmp_path: Path) -> None:
    for number in range(64):
        (toy / f"m{number}.py").write_text("")
    (toy / "board.py").write_text("\n".join(f"import m{number}" for number in range(64)))
    with pytest.raises(BundleError, match="manifest cannot say"):
        build("toy", tmp_path / "bundle")


def test_what_a_board_does_not_import_is_left_out(toy: Path, tmp_path: Path) -> None:
    (toy / "board.py").write_text("def link():\n    from anju.link.udp import UdpLink\n\n    return UdpLink\n")
    (toy / "spare.py").write_text("")
    files = build("toy", tmp_path / "bundle").files
    assert "anju/link/udp.mpy" in files  # an import counts inside a function, too
    assert "anju/update/install.mpy" in files  # started by the bench
    assert "anju/link/uart.mpy" not in files
    assert "spare.mpy" not in files


def test_an_installed_wheel_keeps_its_number(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "number").write_text("1234567")
    assert build("toy", tmp_path / "bundle").number == 1234567
