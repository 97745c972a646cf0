"""The same tests of the node under MicroPython itself, each module in a process of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from anju.bundle import stage
from anju.simulator.interpreter import micropython
from firmware.modules import HERE, MODULES, Run, functions, name_of
from firmware.report import UNIX, told_by

TESTS = HERE.parent


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a node of the unix port runs."""
    return stage("unix_sim", tmp_path_factory.mktemp("node") / "bundle")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_under_micropython(
    module: Path, bundle: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    run = subprocess.run(
        [micropython(), HERE / "runner.py", name_of(module)],
        cwd=tmp_path,
        env=os.environ | {"MICROPYPATH": f"{bundle}:{TESTS}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    print(run.stdout, run.stderr)
    told = Run.read(run.stdout)
    record_property(*told_by(UNIX, module, told))
    assert run.returncode == 0
    assert told.passed == functions(module)
