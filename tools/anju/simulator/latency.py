"""Latencies of one kind, and what is said of them."""

from __future__ import annotations

import math


class Latencies:
    """Collects milliseconds; percentiles are by nearest rank, so each is a latency that really occurred."""

    def __init__(self) -> None:
        self._ms: list[float] = []

    def __len__(self) -> int:
        return len(self._ms)

    def add(self, seconds: float) -> None:
        """One more, in seconds."""
        self._ms.append(seconds * 1000)

    def summary(self) -> dict[str, float | None]:
        """p50, p99 and max in milliseconds; None where nothing was measured."""
        ordered = sorted(self._ms)
        if not ordered:
            return {"p50": None, "p99": None, "max": None}
        return {
            "p50": round(_nearest_rank(ordered, 0.50), 1),
            "p99": round(_nearest_rank(ordered, 0.99), 1),
            "max": round(ordered[-1], 1),
        }


def _nearest_rank(ordered: list[float], share: float) -> float:
    return ordered[math.ceil(share * len(ordered)) - 1]
