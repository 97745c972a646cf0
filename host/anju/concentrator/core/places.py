"""Where things are: a node on the wire, the way to it, and what hangs on it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from anju.uplink.reports import NodeAddress, Zone


class Address(NamedTuple):
    """A node on the wire."""

    network: int
    node: int


@lru_cache(maxsize=1 << 14)  # as many as a building may have: each is told with every report
def reported(address: Address) -> NodeAddress:
    """A node, as a report names it."""
    return NodeAddress(network=address.network, node=address.node)


class Route(NamedTuple):
    """The way a frame came, and the way its answer goes: a link's name and the peer as that link writes it."""

    link: str
    peer: str


class Placement(NamedTuple):
    """What was enrolled: the household a node belongs to, and its inputs in order."""

    household: str
    inputs: tuple[Zone, ...]


class LinkId(NamedTuple):
    """One link: a node's address, and the epoch of its keys."""

    address: Address
    epoch: int


class Linked(NamedTuple):
    """A link in force, without its keys. `device` is the id on the node's label; '' for keys that were made at the bench."""

    id: LinkId
    placement: Placement
    device: str = ""
    person: str = ""
    paired_at_ms: int = 0
    public_key: bytes = b""
    """The device's own, by which its statements are verified."""
