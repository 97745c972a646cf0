"""Time as the core sees it: handed in, never read."""

from __future__ import annotations

from typing import NamedTuple


class Moment(NamedTuple):
    """One instant on both clocks: `wall_ms` is Unix time and may step; `monotonic_s` never goes back, as long as `boot`, the name
    of this start of the machine, stays the same."""

    wall_ms: int
    monotonic_s: float
    boot: str = ""
