"""What the emulated boards run, built once, and a fresh board for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anju.emulator.image import firmware
from emulated.rig import Rig, powered


@pytest.fixture(scope="session")
def image() -> Path:
    """The MicroPython that `make firmware` builds; `make test` has built it before, a pytest by hand may do so here."""
    return firmware()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The one event loop that there is."""
    return "asyncio"


@pytest.fixture
async def rig(image: Path, tmp_path: Path) -> AsyncIterator[Rig]:
    """A fresh board, switched on; its chip is blank."""
    async with powered(image, tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def _own_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bench remembers is of this test alone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
