"""What is wanted of a run, and what became of each board in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from anju.flasher.errors import BenchError
from anju.flasher.load import Loads
from anju.flasher.node import Facts
from anju.flasher.ports import Port


@dataclass(slots=True)
class Outcome:
    """What became of one port."""

    port: Port
    device: str = ""
    facts: Facts | None = None
    board: str = ""
    version: str = ""
    number: int = 0
    slot: str = ""
    did: str = ""
    """`unchanged`, `installed` or `updated`."""
    is_dry: bool = False
    """Nothing was written."""
    sent: int = 0
    copied: int = 0
    """Files that the board had in its other slot."""
    is_confirmed: bool = False
    self_test: str = ""
    seconds: float = 0.0
    error: BenchError | None = None
    began: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of every board of a run."""

    loads: Loads
    board: str = ""
    release_key: bytes | None = None
    erase_identity: bool = False
    dry_run: bool = False
    self_test: bool = False
    limit_s: float = 120.0
    answer_s: float = 10.0


Tell = Callable[[Port, str, float], None]
"""Port, what is being done, and the share of it that is done."""
