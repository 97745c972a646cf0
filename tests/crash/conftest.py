"""A short temporary folder (socket paths are), and one event loop."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The one event loop that there is."""
    return "asyncio"


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which this test's estates live."""
    with tempfile.TemporaryDirectory(prefix="anju-") as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield Path(name)
        monkeypatch.undo()
