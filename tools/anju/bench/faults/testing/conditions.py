"""How a machine is at the moment: two numbers in a file that the bench writes and its services have mapped."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import NamedTuple

_LAYOUT = struct.Struct("=dd")


class Conditions(NamedTuple):
    """By how much its wall clock is off, and how much longer its disk takes for a commit; both in seconds."""

    clock_s: float = 0.0
    commit_s: float = 0.0


class FakeMachine:
    """One PC as its services find it. The file is made where there is none."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_LAYOUT.pack(*Conditions()))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _LAYOUT.size)
        self.path = path

    @property
    def now(self) -> Conditions:
        """As it is now."""
        return Conditions(*_LAYOUT.unpack_from(self._map))

    def become(self, conditions: Conditions) -> None:
        """For all services on it, at once."""
        _LAYOUT.pack_into(self._map, 0, *conditions)
