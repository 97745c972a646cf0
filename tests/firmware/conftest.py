"""What a node runs, run by CPython: MicroPython's own modules stand in `shims/`, which pyproject.toml puts on the path."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portable tests make their folders in the current one."""
    monkeypatch.chdir(tmp_path)
