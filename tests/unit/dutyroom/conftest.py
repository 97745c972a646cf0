"""A store on a real file, a desk on it with clocks that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from anju.dutyroom import web
from anju.dutyroom.desk import Desk
from anju.dutyroom.store import Store
from unit.dutyroom.browser import ORIGIN, OWN, PORT
from unit.dutyroom.reports import NOW_MS


class HandClock:
    """Wall and monotonic time, moved together."""

    def __init__(self) -> None:
        self.wall_ms = NOW_MS + 10
        self.monotonic_s = 1000.0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.wall_ms += round(seconds * 1000)
        self.monotonic_s += seconds


@pytest.fixture
def anyio_backend() -> str:
    """Coroutine tests run on asyncio, as the services do."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's store lies."""
    return tmp_path / "dutyroom.db"


@pytest.fixture
async def store(path: Path, anyio_backend: str) -> AsyncIterator[Store]:
    """An open, empty store."""
    opened = Store.open(path)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> HandClock:
    """Time that stands still until the test moves it."""
    return HandClock()


@pytest.fixture
def desk(store: Store, clock: HandClock) -> Desk:
    """A desk on the store."""
    return Desk(store, lambda: clock.wall_ms, lambda: clock.monotonic_s)


@pytest.fixture
def page(desk: Desk) -> ASGIApp:
    """The page of one estate."""
    return web.application(desk, "Sunny Garden", PORT)


@pytest.fixture
async def client(page: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that reads English."""
    headers = {"accept-language": "en", **OWN}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url=ORIGIN, headers=headers) as opened:
        yield opened
