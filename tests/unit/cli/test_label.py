"""`anju label` as a technician types it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from anju.flasher.ports import Port
from anju.flasher.register import Register
from anju.labels import font
from anju.wire.label import device_id, short_name
from unit.cli.conftest import Anju

KEYS = [bytes([number]) * 32 for number in range(3)]
CODES = [bytes([number]) * 10 for number in range(2)]
NAMES = [short_name(device_id(key)) for key in KEYS]


@pytest.fixture(autouse=True)
def _own_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(font, "_FOLDERS", ())
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bench() -> None:
    """Two boards with labels, one whose setup code another bench has read, one without a key."""
    with Register() as register:
        for number, key in enumerate(KEYS):
            register.met(Port(f"/dev/ttyUSB{number}"), f"{number:02x}", {"board": "esp32c3_door"})
            register.keep_label(f"{number:02x}", key, CODES[number] if number < 2 else None)
        register.met(Port("/dev/ttyUSB9"), "09", {"board": "esp32c3_door"})


def test_what_was_never_printed_is_printed_once(anju: Anju, bench: None) -> None:
    said = anju("label")
    assert (said.code, said.out) == (0, "2 labels: labels.pdf\n")
    assert "no font with Chinese letters" in said.err
    assert Path("labels.pdf").read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE(Path("labels.pdf").stat().st_mode) == 0o600
    again = anju("label", "--out", "again.pdf")
    assert again.code == 1
    assert again.err.splitlines()[-1] == "  All once more: anju label all"
    assert not Path("again.pdf").exists()
    assert anju("label", "all", "--out", "again.pdf").code == 0


@pytest.mark.parametrize(("form", "name"), [("pdf", "labels.pdf"), ("zpl", "labels.zpl"), ("text", "labels.txt")])
def test_one_file_for_all(anju: Anju, bench: None, form: str, name: str) -> None:
    assert anju("label", "--format", form, "--json").code == 0
    assert Path(name).stat().st_size > 0


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_folder_with_a_file_for_each(anju: Anju, bench: None, form: str) -> None:
    said = anju("label", "--format", form, "--json")
    files = [f"labels-{form}/{device_id(key)}.{form}" for key in KEYS[:2]]
    assert json.loads(said.out) == {"labels": 2, "files": files}
    assert stat.S_IMODE(Path(f"labels-{form}").stat().st_mode) == 0o700


def test_a_node_is_named_by_any_of_its_names(anju: Anju, bench: None) -> None:
    for number, name in enumerate((NAMES[1], NAMES[1].lower(), device_id(KEYS[1]), "01")):
        assert anju("label", name, name, "--format", "text", "--out", f"{number}.txt").out == f"1 label: {number}.txt\n"
        assert Path(f"{number}.txt").read_text().startswith(NAMES[1] + "\t")


def test_no_setup_code_is_shown(anju: Anju, bench: None) -> None:
    said = anju("label", "--format", "text")
    codes = [line.split("\t")[2] for line in Path("labels.txt").read_text().splitlines()]
    assert len(codes) == 2
    for code in codes:
        assert code not in said.out + said.err


def test_nothing_to_print(anju: Anju) -> None:
    said = anju("label")
    assert said.code == 1
    assert said.err.splitlines() == [
        "✗ No board of this bench has a label.",
        "  Nothing was written.",
        "  A board makes its keys when it is flashed with firmware that can pair: anju flash PORT",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("D-00000", "knows no label of D-00000"),
        (NAMES[0][:-1] + "U", f"Did you mean {NAMES[0]}?"),
        (NAMES[2], "was read at another bench"),
        ("\x1b[2Jx", "knows no label of  [2Jx"),
    ],
)
def test_a_node_without_a_label_here(anju: Anju, bench: None, name: str, words: str) -> None:
    said = anju("label", NAMES[0], name)
    assert said.code == 1
    assert words in said.err
    assert "Nothing was written." in said.err
    assert not Path("labels.pdf").exists()


def test_what_is_there_is_left_as_it_is_and_counts_as_not_printed(anju: Anju, bench: None) -> None:
    Path("labels.pdf").write_text("mine")
    said = anju("label")
    assert said.code == 1
    assert said.err.startswith("✗ labels.pdf exists already.")
    assert Path("labels.pdf").read_text() == "mine"
    assert anju("label", "--out", "other.pdf").code == 0


@pytest.mark.parametrize("options", [("--sheet", "a5"), ("--skip", "1"), ("--font", "none.ttf"), ("--sheet", "12x12")])
def test_paper_that_does_not_work(anju: Anju, bench: None, options: tuple[str, str]) -> None:
    said = anju("label", *options)
    assert said.code == 1
    assert "Nothing was written." in said.err
    assert not Path("labels.pdf").exists()


@pytest.mark.parametrize(
    ("form", "option"),
    [("text", "--sheet"), ("zpl", "--skip"), ("pdf", "--dpi"), ("svg", "--font"), ("svg", "--dpi")],
)
def test_an_option_that_would_do_nothing_is_refused(anju: Anju, bench: None, form: str, option: str) -> None:
    said = anju("label", "--format", form, option, "200")
    assert said.code == 2
    assert f"{option} means nothing for {form}" in said.err
    assert not list(Path().glob("labels*"))
