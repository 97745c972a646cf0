"""Coroutine tests run on asyncio, as the simulator does."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The one event loop that there is."""
    return "asyncio"
