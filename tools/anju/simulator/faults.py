"""How bad the air is: what happens to one datagram, by chance that a seed repeats."""

from __future__ import annotations

import random
from dataclasses import dataclass

_HELD_S = (0.02, 0.25)
"""How long a datagram is held so that later ones overtake it; a node's first retry comes after 0.05 to 0.15 s."""
_ECHO_S = (0.0, 0.1)
"""How much later than the first a second copy arrives."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities, 0 to 1, a datagram."""

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0

    def no_worse_than(self, most: float) -> Faults:
        """The same, where none is more likely than `most`."""
        return Faults(min(self.loss, most), min(self.duplicate, most), min(self.reorder, most))


class Fate:
    """Decides about the datagrams of one direction of one node's path."""

    def __init__(self, faults: Faults, seed: str) -> None:
        self.faults = faults
        """From now on."""
        self._random = random.Random(seed)

    def next(self) -> tuple[float, ...]:
        """Delays in seconds after which the next datagram is delivered; one a copy, none if it is lost."""
        draw, between = self._random.random, self._random.uniform
        lost = draw() < self.faults.loss
        held = between(*_HELD_S) if draw() < self.faults.reorder else 0.0
        echo = held + between(*_ECHO_S) if draw() < self.faults.duplicate else None
        if lost:
            return ()
        return (held,) if echo is None else (held, echo)
