"""A schema of one table, and ledgers that are closed at the end."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from anju.ledger import Ledger


@pytest.fixture
def anyio_backend() -> str:
    """Coroutine tests run on asyncio, as the services do."""
    return "asyncio"


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A schema folder with one step."""
    folder = tmp_path / "schema"
    folder.mkdir()
    (folder / "0001_note.sql").write_text("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;")
    return folder


@pytest.fixture
async def open_ledger(tmp_path: Path, schema: Path, anyio_backend: str) -> AsyncIterator[Callable[[], Ledger]]:
    """Opens the test's ledger, as often as it is called."""
    opened = []

    def opener() -> Ledger:
        opened.append(Ledger.open(tmp_path / "notes.db", schema))
        return opened[-1]

    yield opener
    for one in opened:
        await one.close()


@pytest.fixture
def ledger(open_ledger: Callable[[], Ledger]) -> Ledger:
    """An open, empty ledger."""
    return open_ledger()
