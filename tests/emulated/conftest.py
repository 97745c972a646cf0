"""The image that emulated boards run, built once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def image() -> Path:
    """The MicroPython that `make firmware` builds."""
    maker = Path(__file__).parents[2] / ".ci" / "firmware"
    return Path(subprocess.run([maker, "--path"], check=True, capture_output=True, text=True).stdout.strip())
