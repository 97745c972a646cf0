"""The same tests of the node a third time: on the emulated board, each module on a freshly booted one."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from anju.bundle import stage
from anju.emulator.board import Pace
from anju.emulator.image import flash_image
from emulated.rig import powered
from firmware.modules import HERE, MODULES, Run, functions, name_of
from firmware.report import BOARD, told_by

ROOT = HERE.parents[1]
PROGRAM = """
import gc, sys
gc.threshold(16384)  # else what lives long is strewn over the whole heap, and nothing large fits in between
sys.path.append('/tests')
from firmware.runner import run
run({name!r})
"""


@pytest.fixture(scope="module")
def told(
    request: pytest.FixtureRequest, image: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], str]]:
    """What a module printed. All that this session asks for run ahead, on as many boards as there are processors."""
    folder = tmp_path_factory.mktemp("boards")
    asked = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    modules = [cast(Path, item.callspec.params["module"]) for item in asked]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as boards:
        runs = {module: boards.submit(_run, module, image, folder / module.stem) for module in modules}
        yield lambda module: runs[module].result()
        boards.shutdown(cancel_futures=True)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_on_the_board(
    module: Path, told: Callable[[Path], str], record_property: Callable[[str, object], None]
) -> None:
    printed = told(module)
    print(printed)
    run = Run.read(printed)
    record_property(*told_by(BOARD, module, run))
    assert run.passed == functions(module)


def _chip(tree: Path, module: Path) -> bytes:
    """A flash chip with the staged bundle and a module of its tests, without what would start the node.

    No other tests, and the vectors only where they are read: on a chip that is nearly full, littlefs looks for a free
    block longer than anybody waits, and at last finds none.
    """
    stage("qemu_ast1030", tree)
    (tree / "main.py").unlink()
    if "protocol/vectors/v1" in module.read_text("utf-8"):
        shutil.copytree(ROOT / "protocol/vectors/v1", tree / "protocol/vectors/v1")
    shared = [file for file in (HERE / "portable").glob("*.py") if not file.name.startswith("test_")]
    for file in (module, HERE / "runner.py", *shared):
        target = tree / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return flash_image(tree)


def _run(module: Path, image: Path, folder: Path) -> str:
    folder.mkdir()
    (folder / "flash.bin").write_bytes(_chip(folder / "tree", module))

    async def run() -> str:
        async with powered(image, folder, Pace.REAL) as rig:
            return await rig.run(PROGRAM.format(name=name_of(module)))

    return asyncio.run(run())
