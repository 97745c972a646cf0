"""What a measurement found."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Progress = Callable[[str], None]
"""Takes a line about how far a measurement is."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians of one case over all rounds; `ratio` is the median of the rounds' own ratios, 1 = as good as the limit."""

    key: str
    label: str
    ours: float
    limit: float
    ratio: float

    @classmethod
    def of(
        cls, key: str, label: str, rounds: Sequence[tuple[float, float]], *, smaller_is_better: bool = False
    ) -> Comparison:
        """From (ours, limit) of each round: a ratio compares what was measured within a second or two."""
        ratios = [limit / ours if smaller_is_better else ours / limit for ours, limit in rounds]
        return cls(key, label, median(ours for ours, _ in rounds), median(limit for _, limit in rounds), median(ratios))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that has no limit to be held against."""

    key: str
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement. Keys are for programs and never change; labels are for people, in their language.

    `limit` names the limit that stands beside every comparison; `ratio` is the one that a release is judged by.
    """

    bench: str
    limit: str
    limit_label: str
    unit: str
    unit_label: str
    ratio: float
    rounds: int
    repetitions: int
    comparisons: tuple[Comparison, ...]
    beside: tuple[Figure, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One object with everything, and what it was measured on."""
        return {
            "bench": self.bench,
            "ratio": round(self.ratio, 3),
            "limit": self.limit,
            "unit": self.unit,
            "cases": {
                one.key: {"ours": _short(one.ours), "limit": _short(one.limit), "ratio": round(one.ratio, 3)}
                for one in self.comparisons
            },
            "beside": {one.key: _short(one.value) for one in self.beside},
            "rounds": self.rounds,
            "repetitions": self.repetitions,
            "python": platform.python_version(),
            "machine": platform.machine(),
        }


def _short(value: float) -> float:
    """Four significant digits: more would pretend."""
    return float(f"{value:.4g}")
