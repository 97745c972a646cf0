"""What a node need not carry is taken out before it is compiled: the same program, line by line, under shorter names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from anju.bundle import Source, build
from anju.bundle.folded import folded
from anju.bundle.inlined import inlined
from anju.bundle.shortened import shortened
from anju.bundle.untyped import untyped
from anju.bundle.unused import unused
from anju.wire import table

DEVICE = """\
from anju.wire import table

LIMIT_MS = 300
OPEN = 7


class Device:
    _count = 0

    def __init__(self, store, tell_it):
        self._store = store
        self._given = tell_it
        self.seen = 0

    def _grown(self, most):
        self._count = min(self._count + 1, most, LIMIT_MS)
        return [most for most in (self._count,)]
"""
SLEEPER = """\
from anju.node import device
from anju.node.device import Device


class Sleeper(Device):
    def __init__(self, store):
        Device.__init__(self, store, tell_it=print)
        self._woken = device.OPEN

    def both(self):
        return self._store, self._woken
"""
TEXTS = {"anju/node/device.py": DEVICE, "anju/node/sleeper.py": SLEEPER}


def the_same(before: str, after: str) -> None:
    """Line by line, so that a traceback tells the right one."""
    assert len(after.splitlines()) == len(before.splitlines())


def test_numbers_of_the_table_stand_in_the_place_of_their_names() -> None:
    program = "from anju.wire import table\nsize = table.HEADER_BYTES + table.Code.PANIC  # é\n"
    assert folded(program) == f"\nsize = {table.HEADER_BYTES} + 3  # é\n"
    rows = "from anju.wire import table\nfrom x import y\nf = table.format_of(table.HELLO)\n"
    assert folded(rows) == "\nfrom x import y\nf = '>BB8sBBBBBB'\n"


@pytest.mark.parametrize("use", ["table.rows_of(table.HELLO)", "table", "table.NONSENSE", "table.Code.NONSENSE"])
def test_a_table_that_is_used_otherwise_is_still_imported(use: str) -> None:
    program = f"from anju.wire import table\nvalue = {use}, table.MAGIC\n"
    assert folded(program).startswith("from anju.wire import table\n")
    assert folded(program).endswith(f", {table.MAGIC}\n")


def test_a_number_of_another_module_stands_in_the_place_of_its_name_and_one_of_its_own_is_the_compilers() -> None:
    device, sleeper = inlined(TEXTS).values()
    assert "self._woken = 7" in sleeper
    assert "_LIMIT_MS = const(300)" in device
    assert "most, _LIMIT_MS)" in device
    the_same(DEVICE, device)


@pytest.mark.parametrize(
    "other",
    ["from anju.node.device import LIMIT_MS as L\n", "def f(board):\n    return board.LIMIT_MS\n"],
    ids=["it is imported under another name", "it may be meant"],
)
def test_a_number_that_somebody_wants_by_its_name_keeps_it(other: str) -> None:
    assert "\nLIMIT_MS = 300" in inlined(TEXTS | {"other.py": other})["anju/node/device.py"]


def test_a_number_that_was_imported_by_its_name_stands_in_its_place_too() -> None:
    other = "from anju.node.device import LIMIT_MS, Device\nlate = Device, LIMIT_MS + 1\n"
    made = inlined(TEXTS | {"other.py": other})
    assert made["other.py"].endswith("late = Device, 300 + 1\n")
    assert "_LIMIT_MS = const(300)" in made["anju/node/device.py"]


def test_what_is_imported_for_an_annotation_or_for_a_number_is_not_imported() -> None:
    keys = "from anju.node.device import (\n    LIMIT_MS,\n)\nfrom anju.node import device\n"
    keys += "from anju.node.device import Device, Other\n\n\n"
    keys += "def f(one: Device, other: 'Other') -> Device:\n    return Other(one, device.OPEN + LIMIT_MS)\n"
    made = unused(inlined(TEXTS | {"anju/node/keys.py": keys}))["anju/node/keys.py"]
    assert made.splitlines()[:5] == ["", "", "", "", "from anju.node.device import Other"]
    the_same(keys, made)


@pytest.mark.parametrize(
    ("module", "text", "others"),
    [
        ("anju/a.py", "from x import y\n", {"anju/b.py": "from anju.a import y\nz = y\n"}),
        ("anju/a.py", "from x import y\n", {"anju/b.py": "from anju import a\nz = a.y\n"}),
        ("board.py", "from x import y\n", {"anju/b.py": "def f(board):\n    return board.y\n"}),
        ("anju/a.py", "import x\n", {}),
        ("anju/a.py", "from x import *\n", {}),
    ],
    ids=["handed on", "handed on as an attribute", "of a board", "for what it does", "everything"],
)
def test_what_another_module_may_mean_is_still_imported(module: str, text: str, others: dict[str, str]) -> None:
    assert unused({module: text, **others})[module] == text


def test_private_names_are_short_and_those_of_functions_stay() -> None:
    device, _sleeper = shortened(TEXTS).values()
    the_same(DEVICE, device)
    assert "_count" not in device
    assert "_given" not in device
    assert "def _grown(self, most)" in device, "bound again in a comprehension"
    assert "self.seen = 0" in device
    assert "self._store" not in device


def test_what_extends_a_class_of_another_module_knows_its_private_names_and_shares_no_other() -> None:
    device, sleeper = shortened(TEXTS).values()
    modules: dict[str, Any] = {"__name__": "both", "device": SimpleNamespace(OPEN=7)}
    exec(device.replace("from anju.wire import table", ""), modules)
    exec(sleeper.partition("import Device")[2], modules)
    one = modules["Sleeper"]("here")
    assert [one._grown(5), one._grown(5)] == [[1], [2]]
    assert one.both() == ("here", 7)


def test_a_parameter_that_is_named_in_a_call_keeps_its_name() -> None:
    device, sleeper = shortened(TEXTS).values()
    assert "def __init__(self, store, tell_it)" not in device
    assert "tell_it" in device
    assert "tell_it=print" in sleeper


def test_what_does_not_parse_is_left_to_the_compiler() -> None:
    broken = {"board.py": "def run(:\n"}
    assert folded(broken["board.py"]) == broken["board.py"]
    assert inlined(broken) == shortened(broken) == unused(broken) == broken


def test_no_bundle_has_the_table(tmp_path: Path) -> None:
    build("qemu_ast1030", tmp_path / "bundle", number=1)
    assert not (tmp_path / "bundle/slot/anju/wire").exists()


def test_every_module_of_every_board_stays_line_by_line() -> None:
    source = Source.find()
    for board in source.boards.glob("*/board.py"):
        files = {path.relative_to(source.firmware): path for path in (source.firmware / "anju").rglob("*.py")}
        files |= {Path(path.name): path for path in board.parent.glob("*.py")}
        texts = {str(name): path.read_text("utf-8") for name, path in files.items() if name.name != "needs.py"}
        lowered = shortened(unused(inlined({name: folded(untyped(text)) for name, text in texts.items()})))
        for name, text in lowered.items():
            the_same(texts[name], text)
