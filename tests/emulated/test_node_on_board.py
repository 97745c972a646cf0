"""The same tests of the node a third time: on the emulated board, each module on a freshly booted one."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from anju.bundle import stage
from anju.emulator.image import flash_image
from emulated.machine import Machine

ROOT = Path(__file__).parents[2]
NODE_TESTS = ROOT / "tests" / "firmware"
MODULES = sorted(NODE_TESTS.glob("portable/test_*.py")) + sorted(NODE_TESTS.glob("only_micropython/*.py"))

PROGRAM = """
import gc, sys
gc.threshold(16384)  # else what lives long is strewn over the whole heap, and nothing large fits in between
sys.path.append('/tests')
from firmware.runner import run
"""


@pytest.fixture(scope="module")
def chip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A flash chip with the staged bundle, its tests and the vectors; without what would start the node."""
    tree = stage("qemu_ast1030", tmp_path_factory.mktemp("chip") / "tree")
    (tree / "main.py").unlink()
    for folder in ("tests/firmware/portable", "tests/firmware/only_micropython", "protocol/vectors/v1"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(NODE_TESTS / "runner.py", tree / "tests/firmware")
    return flash_image(tree)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_on_the_board(module: Path, chip: bytes, image: Path, tmp_path: Path) -> None:
    (tmp_path / "flash.bin").write_bytes(chip)
    name = ".".join(module.relative_to(ROOT / "tests").with_suffix("").parts)
    with Machine(image, tmp_path) as board:
        told = board.console.run(PROGRAM + f"run({name!r})")
    print(told)
    passed = {line.removeprefix("ok ") for line in told.splitlines() if line.startswith("ok ")}
    assert passed == _functions(module)


def _functions(module: Path) -> set[str]:
    body = ast.parse(module.read_text("utf-8")).body
    return {part.name for part in body if isinstance(part, ast.FunctionDef) and part.name.startswith("test_")}
