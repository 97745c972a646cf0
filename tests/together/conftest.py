"""One event loop, and a site with its concentrator for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from anju.concentrator.destinations import duty_room
from together.building import BAD_AIR, Building, building


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
def tries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test of the uplink waits for conditions and for nothing else."""
    monkeypatch.setenv("ANJU_LANG", "en")
    for pause in ("FIRST_RETRY_S", "LAST_RETRY_S", "LAST_PAUSE_S"):
        monkeypatch.setattr(duty_room, pause, 0.01)
