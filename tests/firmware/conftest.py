"""Lets CPython run what a node runs: MicroPython's `cryptolib` stands in `shims/`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "shims"))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portable tests make their folders in the current one."""
    monkeypatch.chdir(tmp_path)
