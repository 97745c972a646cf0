"""The air between the nodes of a building and its dongle: it loses frames by chance, and sometimes all of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from anju.simulator.virtual.agenda import Agenda

NAME = "radio"
NOISE_A_SECOND = 20
"""Broken frames that a jammed dongle hears."""
_TAKES_S = (0.004, 0.04)


@dataclass
class Air:
    """One radio link; what a watchman's gauge asks of it, too (`name`, `is_open`, `faults`)."""

    agenda: Agenda
    chance: random.Random
    loss: float
    name: str = NAME
    is_open: bool = True
    """Whether the dongle is plugged in."""
    _jammed_from_s: float | None = None
    _noise: int = 0

    def carry(self, deliver: Callable[[], object]) -> None:
        """Bring a frame across, or lose it."""
        if self.is_deaf or self.chance.random() < self.loss:
            return
        self.agenda.after(self.chance.uniform(*_TAKES_S), deliver)  # type: ignore[arg-type]  # deliver may be async

    @property
    def is_deaf(self) -> bool:
        """Whether nothing comes through."""
        return not self.is_open or self._jammed_from_s is not None

    @property
    def is_calm(self) -> bool:
        """Whether there is nothing that a gauge has to be asked about every second."""
        return self.is_open and self._jammed_from_s is None

    @property
    def faults(self) -> int:
        """Pieces of noise, in all."""
        return self._noise + (
            int((self.agenda.now_s - self._jammed_from_s) * NOISE_A_SECOND) if self._jammed_from_s is not None else 0
        )

    def jam(self) -> None:
        """Somebody drowns everything in noise."""
        self._jammed_from_s = self.agenda.now_s

    def clear(self) -> None:
        """And stops."""
        self._noise, self._jammed_from_s = self.faults, None
