"""Where an event comes from: an input of a node, and what it is to the household."""

from __future__ import annotations

from typing import NamedTuple

from anju.uplink.reports import ZoneKind


class Contact(NamedTuple):
    """One input of one node."""

    network: int
    node: int
    zone: int


class Source(NamedTuple):
    """What a report says of the event that it comes from: which input, of which kind and name, and which event and when."""

    contact: Contact
    kind: ZoneKind
    name: str = ""
    event_id: int = 0
    at_ms: int = 0
    """0: nobody knows."""
