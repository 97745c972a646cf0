"""How busy an estate is: calm enough to watch, or a load to measure with."""

from __future__ import annotations

from anju.simulator.guard import Reactions
from anju.simulator.residents import Habits

CALM_HABITS = Habits(
    presses_per_s=1 / 10,
    visits_per_s=1 / 3,
    armings_per_s=1 / 20,
    hold_s=(1.1, 1.6),
    door_open_s=(2.0, 5.0),
    away_s=(10.0, 25.0),
    rest_s=(5.0, 10.0),
)
"""An alarm every ten seconds or so: somebody can follow one from the button to the page and back."""

CALM_GUARD = Reactions(acknowledge=(3.0, 6.0), dispatch=(4.0, 8.0), close=(8.0, 15.0), reset=(1.0, 3.0))
"""Slow enough that a person at the page can be quicker."""

LOAD_GUARD = Reactions(acknowledge=(0.3, 1.2), dispatch=(0.5, 1.5), close=(0.5, 1.5), reset=(0.1, 0.3))


def load_habits(flats: int) -> Habits:
    """At least three presses a second, and more with more flats: one a flat every ten seconds."""
    presses_per_s = max(3.0, flats / 10)
    return Habits(presses_per_s=presses_per_s, visits_per_s=presses_per_s, armings_per_s=presses_per_s / 10)
