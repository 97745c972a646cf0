"""Time as the core sees it: handed in, never read."""

from __future__ import annotations

from typing import NamedTuple


class Moment(NamedTuple):
    """One instant on both clocks: `wall_ms` is Unix time and may step; `monotonic_s` never goes back."""

    wall_ms: int
    monotonic_s: float
