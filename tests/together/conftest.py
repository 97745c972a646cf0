"""One event loop, and a site with its concentrator for each test that asks for one."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anju.concentrator.destinations import duty_room
from together.building import BAD_AIR, Building, building
from unit.concentrator.harness import Bench, HandClock, bench


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The one event loop that there is."""
    return "asyncio"


@pytest.fixture
async def house() -> AsyncIterator[Building]:
    """A building in bad air."""
    async with building(BAD_AIR) as made:
        yield made


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Bench]:
    """A concentrator's rooms on the machine's own time, since other programs go by that."""
    clock = HandClock()
    clock.now = clock.now._replace(wall_ms=time.time_ns() // 1_000_000)
    async with bench(tmp_path, clock) as made:
        yield made


@pytest.fixture
def tries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test of the uplink waits for conditions and for nothing else."""
    monkeypatch.setenv("ANJU_LANG", "en")
    for pause in ("FIRST_RETRY_S", "LAST_RETRY_S", "LAST_PAUSE_S"):
        monkeypatch.setattr(duty_room, pause, 0.01)
