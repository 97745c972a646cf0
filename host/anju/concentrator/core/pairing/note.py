"""What a pairing is for, in the words of whoever asked; it lies beside the promise and comes back with the link."""

from __future__ import annotations

import json
from typing import NamedTuple

from anju.concentrator.core.places import Address, Placement
from anju.uplink.reports import Zone


class Note(NamedTuple):
    """Where the node is to hang, who asked for it, and the node whose place it takes, if any."""

    placement: Placement
    person: str
    former: Address | None = None

    def to_json(self) -> str:
        """The form in which it is kept."""
        household, inputs = self.placement
        zones = [zone.model_dump() for zone in inputs]
        return json.dumps({"household": household, "zones": zones, "person": self.person, "former": self.former})

    @classmethod
    def from_json(cls, text: str) -> Note:
        """A kept one."""
        kept = json.loads(text)
        zones = tuple(Zone.model_validate_json(json.dumps(zone)) for zone in kept["zones"])
        former = Address(*kept["former"]) if kept["former"] else None
        return cls(Placement(kept["household"], zones), kept["person"], former)
