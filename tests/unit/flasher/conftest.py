"""A bench of its own for each test."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("ANJU_LANG", "en")
    monkeypatch.delenv("ANJU_PORTS", raising=False)
