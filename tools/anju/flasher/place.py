"""Where the bench keeps what it remembers."""

from __future__ import annotations

import os
from pathlib import Path


def bench_folder() -> Path:
    """`anju/` in the user's data folder ($XDG_DATA_HOME, ~/.local/share if not set), readable by nobody else."""
    folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "anju"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
