"""What a panel is told of its household beside what it remembers: how its zones stand, and what the estate has chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from anju.concentrator.core.panel.signals import Times
from anju.concentrator.core.places import Address, Placement


class Chosen(NamedTuple):
    """What an estate has chosen for all its panels. `silence_is_tamper`: a node that vanishes while armed is a tamper alarm."""

    times: Times = Times()
    silence_is_tamper: bool = False


class Premises(Protocol):
    """Where nodes hang, and how long each has been silent."""

    @property
    def chosen(self) -> Chosen:
        """For all panels."""

    def nodes_of(self, household: str) -> Iterable[tuple[Address, Placement]]:
        """Nodes that hang in a household, each with its zones."""

    def household_of(self, address: Address) -> str | None:
        """The household in which a node hangs."""

    def silence_s(self, address: Address, now_s: float) -> float:
        """How long a node has been silent, in seconds of the monotonic clock."""


class Unfurnished:
    """No household has a node."""

    chosen = Chosen()

    def nodes_of(self, _household: str) -> Iterable[tuple[Address, Placement]]:
        """None."""
        return ()

    def household_of(self, _address: Address) -> str | None:
        """In none."""
        return None

    def silence_s(self, _address: Address, _now_s: float) -> float:
        """Nobody is."""
        return 0.0
