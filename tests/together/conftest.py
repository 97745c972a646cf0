"""One event loop, and a site with its concentrator for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

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
