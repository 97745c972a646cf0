"""The same tests of the node under MicroPython itself, each module in a process of its own."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

from anju.bundle import stage
from anju.simulator.interpreter import micropython

TESTS = Path(__file__).parents[1]
HERE = Path(__file__).parent
MODULES = sorted(HERE.glob("portable/test_*.py")) + sorted(HERE.glob("only_micropython/*.py"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a node of the unix port runs."""
    return stage("unix_sim", tmp_path_factory.mktemp("node") / "bundle")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_under_micropython(module: Path, bundle: Path, tmp_path: Path) -> None:
    name = ".".join(module.relative_to(TESTS).with_suffix("").parts)
    run = subprocess.run(
        [micropython(), HERE / "runner.py", name],
        cwd=tmp_path,
        env=os.environ | {"MICROPYPATH": f"{bundle}:{TESTS}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    print(run.stdout, run.stderr)
    passed = {line.removeprefix("ok ") for line in run.stdout.splitlines() if line.startswith("ok ")}
    assert run.returncode == 0
    assert passed == _functions(module)


def _functions(module: Path) -> set[str]:
    body = ast.parse(module.read_text("utf-8")).body
    return {part.name for part in body if isinstance(part, ast.FunctionDef) and part.name.startswith("test_")}
