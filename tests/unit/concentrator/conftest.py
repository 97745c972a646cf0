"""Fixtures of the concentrator's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anju.concentrator.destinations import courier
from unit.concentrator.harness import Bench, bench


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Bench]:
    """A concentrator's rooms on new files."""
    async with bench(tmp_path) as opened:
        yield opened


@pytest.fixture
def tries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test of third parties waits for conditions and for nothing else."""
    for pause in ("FIRST_RETRY_S", "LAST_RETRY_S", "LAST_PAUSE_S"):
        monkeypatch.setattr(courier, pause, 0.01)
