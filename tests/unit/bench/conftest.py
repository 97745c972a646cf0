"""Where benches put what they make; nothing of it may be left."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files."""
    with tempfile.TemporaryDirectory(prefix="anju-") as made:  # pytest's own is too deep for a socket
        monkeypatch.setattr("tempfile.tempdir", made)
        yield Path(made)
