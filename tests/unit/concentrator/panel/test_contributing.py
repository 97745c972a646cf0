"""CONTRIBUTING.md shows how to add a kind of zone and a kind of node: what stands there works, and takes three files at most."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
MOST_FILES = 3
BLOCK = re.compile(r"(?ms)^```(diff|python)\n(.*?)^```$")
MADE = (["-m", "anju.uplink.schemas"], ["-m", "anju.plan.schemas"], [".ci/charts.py", "update"])
"""What is made of the tables by commands, and by nobody's hand."""


def example(heading: str) -> tuple[list[str], str]:
    """The diffs of one example, and the test of what it does."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    part = text.split(f"**{heading}.**")[1].split("\n**add a")[0]
    blocks = BLOCK.findall(part)
    (test,) = (block for language, block in blocks if language == "python")
    return [block for language, block in blocks if language == "diff"], test


def apply(diff: str, tree: Path) -> Path:
    """Apply a diff by its context, which has to be there once; the file that it changes."""
    first, *lines = diff.splitlines(keepends=True)
    file = tree / first.removeprefix("+++ ").strip()
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    text = file.read_text("utf-8")
    assert text.count(before) == 1, f"{file.name} has not one place for {diff}"
    file.write_text(text.replace(before, after), "utf-8")
    return file


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the examples touch and stand on."""
    for folder in ("protocol/anju", "host/anju", ".ci"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "host" / "README.md", tmp_path / "host")
    return tmp_path


def run(tree: Path, *arguments: str) -> None:
    """Python, with the copy in the place of this tree."""
    path = os.pathsep.join(map(str, (tree / "protocol", tree / "host", ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("heading", ["add a kind of zone", "add a kind of node"])
def test_the_example_works_and_touches_three_files_at_most(heading: str, tree: Path) -> None:
    diffs, test = example(heading)
    touched = {apply(diff, tree) for diff in diffs}
    assert 1 <= len(touched) <= MOST_FILES
    for command in MADE:
        run(tree, *command)
    run(tree, ".ci/charts.py", "check")
    run(tree, "-c", test)


@pytest.mark.parametrize("heading", ["add a kind of zone", "add a kind of node"])
def test_without_the_example_its_test_fails(heading: str, tree: Path) -> None:
    _diffs, test = example(heading)
    with pytest.raises(AssertionError):
        run(tree, "-c", test)


def test_the_new_kind_reaches_schema_and_chart(tree: Path) -> None:
    diffs, _test = example("add a kind of zone")
    for diff in diffs:
        apply(diff, tree)
    for command in MADE:
        run(tree, *command)
    for file in ("protocol/anju/uplink/schema/batch.json", "protocol/anju/plan/schema/plan.json", "host/README.md"):
        assert "glass" in (tree / file).read_text("utf-8")
