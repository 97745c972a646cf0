"""A scene for the processes of a site."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.service.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A site with made-up services; no process of it outlives the test."""
    scene = Scene(tmp_path)
    yield scene
    scene.close()


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")
