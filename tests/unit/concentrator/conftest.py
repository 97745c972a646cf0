"""Fixtures of the concentrator's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from unit.concentrator.harness import Bench, bench


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Bench]:
    """A concentrator's rooms on new files."""
    async with bench(tmp_path) as opened:
        yield opened
