"""Processes of a simulated estate that are still there."""

from __future__ import annotations

from pathlib import Path

import psutil

from anju.simulator.estate import MARK


def left(folder: Path) -> list[str]:
    """Command lines of the processes that were started for an estate under `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK, "").startswith(str(folder)):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue  # it has just ended, or is somebody else's
    return found


def check_nothing_left(folder: Path) -> None:
    """No process and no file of an estate under `folder`."""
    assert left(folder) == []
    assert list(folder.iterdir()) == []
