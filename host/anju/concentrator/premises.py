"""The premises: where nodes hang by the keyring, how long each has been silent, and what the estate has chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from anju.concentrator.core.places import Address, Placement
from anju.concentrator.core.premises import Chosen
from anju.concentrator.core.supervision import Supervision


class Enrolments(Protocol):
    """What is asked of the keyring."""

    def placement(self, address: Address) -> Placement | None:
        """Where an enrolled node hangs."""

    def nodes_of(self, household: str) -> Iterable[Address]:
        """Nodes that hang in a household."""


class Furnished:
    """`core.premises.Premises`, of a building whose nodes are enrolled."""

    def __init__(self, keyring: Enrolments, supervision: Supervision, chosen: Chosen) -> None:
        self.chosen = chosen
        self._keyring = keyring
        self._supervision = supervision

    def nodes_of(self, household: str) -> Iterable[tuple[Address, Placement]]:
        """Nodes that hang in a household, each with its zones."""
        for address in self._keyring.nodes_of(household):
            if placement := self._keyring.placement(address):
                yield address, placement

    def household_of(self, address: Address) -> str | None:
        """The household in which a node hangs."""
        placement = self._keyring.placement(address)
        return placement.household if placement else None

    def silence_s(self, address: Address, now_s: float) -> float:
        """How long a node has been silent, in seconds of the monotonic clock; 0 for one that nobody expects."""
        return self._supervision.silence_s(address, now_s) or 0.0
